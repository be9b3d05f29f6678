"""What a clerk enters. Forms parse and say what is wrong beside the field; rules live below."""

from mailboxes.forms.activating import CredentialsForm, DocumentsForm
from mailboxes.forms.asking import AddressForm, KindForm
from mailboxes.forms.people import ApplicantForm, HolderForm

__all__ = ["AddressForm", "ApplicantForm", "CredentialsForm", "DocumentsForm", "HolderForm", "KindForm"]
