"""What we did to get a mailbox. What the vendor says of it is kept as the vendor says it, and judged on top."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pecportal.statemachine import State, moves


@moves(
    {
        "draft": ("registering", "discarded"),
        "registering": ("registered", "draft", "uncertain"),
        "uncertain": ("registered", "draft"),
        "registered": (),
        "discarded": (),
    }
)
class MailboxState(State):
    """Our side of a mailbox: from a draft of its data to a mailbox that the vendor knows."""

    DRAFT = "draft", _("Data to be completed")
    REGISTERING = "registering", _("Being registered")
    UNCERTAIN = "uncertain", _("Registration in doubt")
    REGISTERED = "registered", _("Registered")
    DISCARDED = "discarded", _("Registration discarded")


class VendorState(models.TextChoices):
    """The vendor's `stato` (pec.openapi.json). An unknown word is kept and shown as it is."""

    REGISTERED = "registrata", _("Registered, documents awaited")
    IN_REVIEW = "in_evasione", _("Documents being examined")
    ACTIVE = "evasa", _("Active")
    DOCUMENTS_WRONG = "documenti_errati", _("Documents not accepted")
    REVOKED = "revocata", _("Revoked")
    CLOSED = "chiusa", _("Closed")
    CANCELLED = "registrazione_annullata", _("Registration cancelled")


class Kind(models.TextChoices):
    """The vendor's `tipo_casella`."""

    MASSIVE = "PECMASSIVA", _("PEC Massiva: bulk sending (@pecmassiva.com or an own certified domain)")
    DOMICILE = "DOMICILIODIGITALE", _("Domicilio Digitale (@domiciliodigitale.com)")
    STANDARD = "STANDARD", _("Legalmail Standard (@legalmail.it)")
    BRONZE = "BRONZE", _("Legalmail Bronze (@legalmail.it)")
    SILVER = "SILVER", _("Legalmail Silver (@legalmail.it)")
    GOLD = "GOLD", _("Legalmail Gold (@legalmail.it)")


class CredentialsState(models.TextChoices):
    """What is known of the user name and password that a person entered."""

    MISSING = "missing", _("Not entered yet")
    UNTESTED = "untested", _("Entered, not tested yet")
    GOOD = "good", _("Tested: they work")
    REFUSED = "refused", _("Refused by the provider")


class NextAct(models.TextChoices):
    """What somebody has to do next with a mailbox, in a word for programs and a sentence for people."""

    CORRECT = "correct", _("The provider did not register the mailbox: see why, and send it again.")
    COMPLETE = "complete", _("Complete the data and send the registration.")
    AWAIT = "await", _("The provider's answer was lost: the portal looks whether the mailbox was registered.")
    CREDENTIALS = "credentials", _("Enter the user name and password that the provider sent by e-mail.")
    DOCUMENTS = "documents", _("Sign the activation form and hand it in with the identity document.")
    DOCUMENTS_AGAIN = "documents_again", _("The documents were not accepted: hand them in again.")
