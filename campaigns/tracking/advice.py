"""What a message's status means for the clerk: the cause where it is known, and what to do next."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from campaigns.models import Message
from campaigns.states import Shown

CAUSES = {
    "mailbox_full": _("The recipient's mailbox is full."),
    "unknown_address": _("The address does not exist."),
    "virus": _("A provider found a virus in the message."),
    "not_certified": _("The address is not a certified one."),
    "other": _("The provider names a cause in its own words: see the receipt below."),
}
STEPS_OF_CAUSES = {
    "mailbox_full": _(
        "This is not a delivery. Try again in a new campaign after some days: for tax documents the law asks for a "
        "second attempt after at least 7 days."
    ),
    "unknown_address": _(
        "Look the address up in the public registers (INI-PEC, IPA, INAD), correct it, and send anew in another "
        "campaign."
    ),
    "virus": _(
        "Do not send it again as it is. Check the attachments with an antivirus program and replace them first."
    ),
    "not_certified": _("Look for the recipient's certified address in the public registers (INI-PEC, IPA, INAD)."),
    "other": _("Read the provider's words, put right what they name, and send anew in another campaign."),
}
STEPS = {
    Shown.QUEUED: _("Nothing to do: it leaves when its turn comes."),
    Shown.SENDING: _("Nothing to do: it is on its way to the provider."),
    Shown.SUBMITTED: _("Nothing to do: the acceptance receipt usually comes within a few minutes."),
    Shown.ACCEPTED: _(
        "Nothing to do: the message was dispatched. The delivery receipt, or a notice of failure, comes within 24 "
        "hours."
    ),
    Shown.DELAYED: _("Wait: it was not delivered within 12 hours, and within 24 hours the final word comes."),
    Shown.DELIVERED: _("Nothing to do: the delivery receipt proves that it is in the recipient's mailbox."),
    Shown.ORDINARY_MAIL: _(
        "No delivery receipt will ever come, since the address is not a certified one. Look for the recipient's "
        "certified address in the public registers (INI-PEC, IPA, INAD)."
    ),
    Shown.UNDELIVERED: STEPS_OF_CAUSES["other"],
    Shown.EXPIRED: _(
        "It could not be delivered within 24 hours, and that attempt is over. Send it anew in another campaign, "
        "or choose another way."
    ),
    Shown.NOT_ACCEPTED: _("Nothing was sent. Put right what the notice names, and send anew in another campaign."),
    Shown.UNCERTAIN: _(
        "It is not known whether the provider took it, and it is never sent again by itself. The portal looks for its "
        "receipts and settles it as soon as one comes. If none comes, an approver decides what is done with it."
    ),
    Shown.NO_OUTCOME: _(
        "More than a day has passed without a receipt of delivery or failure. This is the portal's own conclusion and "
        "proves nothing; a receipt that comes later still counts. Look into the mailbox's webmail."
    ),
    Shown.FAILED: _("Nothing was sent. Put right what the provider's words name, and send anew in another campaign."),
    Shown.CANCELLED: _("Nothing was sent, and nothing will be."),
}
DECLARED = {
    Shown.SUBMITTED: _(
        "A person declared that it was sent, and handed a receipt in. The portal itself has none: a receipt that it "
        "reads later counts."
    ),
    Shown.FAILED: _(
        "A person closed it as not sent. That is presumed and not proven: a receipt that comes later counts. To send "
        "it anew, use another campaign."
    ),
}
FLAGS = {
    "conflict": _("The receipts contradict one another: all are kept, and delivery or acceptance counts."),
    "late": _("It was delivered after the final notice of delay."),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """The cause of a failure ("" when there is none, or it is not known), the next step, and what is unusual."""

    cause: str
    step: str
    remarks: tuple[str, ...]


def of(message: Message) -> Advice:
    """What to tell the clerk about a message."""
    status = Shown(message.status)
    code = cause(message)
    if message.declared and status in DECLARED:
        return Advice(cause="", step=str(DECLARED[status]), remarks=())
    return Advice(
        cause=str(CAUSES[code]) if code else "",
        step=str(STEPS_OF_CAUSES[code] if code in STEPS_OF_CAUSES else STEPS[status]),
        remarks=tuple(str(FLAGS[flag]) for flag in message.flags if flag in FLAGS),
    )


def cause(message: Message) -> str:
    """The code of why a message was not delivered or not accepted, as its latest receipt says; "" for all others."""
    if message.status not in (Shown.UNDELIVERED, Shown.NOT_ACCEPTED):
        return ""
    named = message.receipts.exclude(cause="").order_by("-pk").values_list("cause", flat=True).first()
    return named if named in CAUSES else "other"
