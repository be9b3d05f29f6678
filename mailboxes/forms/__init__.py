"""What a clerk enters. Forms parse and say what is wrong beside the field; rules live below."""

from mailboxes.forms.activating import CredentialsForm, HandInForm, PaperForm
from mailboxes.forms.applicant import ApplicantForm
from mailboxes.forms.asking import AddressForm, KindForm
from mailboxes.forms.declaring import DeclarationForm
from mailboxes.forms.holder import HolderForm
from mailboxes.forms.living import AdoptForm, RecordForm, RenewalForm, RevocationForm

__all__ = [
    "AddressForm",
    "AdoptForm",
    "ApplicantForm",
    "CredentialsForm",
    "DeclarationForm",
    "HandInForm",
    "HolderForm",
    "KindForm",
    "PaperForm",
    "RecordForm",
    "RenewalForm",
    "RevocationForm",
]
