"""The words of letters to clerks."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from mailboxes import expiring, objections
from mailboxes.models import Mailbox, Notice
from mailboxes.models.notices import NoticeKind


def written(notice: Notice) -> tuple[str, str]:
    """Subject and text, in the active language: what happened, what is to be done, the page where it is done."""
    mailbox = notice.mailbox
    sentence = _SENTENCES[NoticeKind(notice.kind)](mailbox, notice)
    page = _PAGES.get(NoticeKind(notice.kind))
    link = str(settings.PORTAL_URL).rstrip("/") + (reverse(page) if page else mailbox.get_absolute_url())
    subject = f"{mailbox.address}: {notice.get_kind_display()}"
    text = _(
        "Good morning,\n\n"
        "this concerns the mailbox %(address)s of %(organisation)s.\n\n"
        "%(sentence)s\n\n"
        "Its page: %(link)s\n\n"
        "This letter was written by the portal: answers to it are not read."
    )
    return subject, text % {
        "address": mailbox.address,
        "organisation": mailbox.organisation,
        "sentence": sentence,
        "link": link,
    }


def _objection(mailbox: Mailbox, notice: Notice) -> str:
    why = objections.sentence(mailbox.problem_code, mailbox.problem)
    told = _("The provider did not register it. All that was entered is kept: put it right and send it again.")
    return f"{told} {why}".strip()


def _doubt(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "The provider's answer to the registration was lost, and the portal does not find the mailbox there. It does "
        "not ask for it twice by itself: please decide whether to send the registration again."
    )


def _hand_in_doubt(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "The provider's answer to the hand-in of the documents was lost, and the provider still waits for them. They "
        "are not handed in twice by themselves: please decide whether to hand them in again."
    )


def _form(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "It is registered. Print the activation form, have the applicant sign it, and hand it in with the identity "
        "document."
    )


def _documents(mailbox: Mailbox, notice: Notice) -> str:
    change = mailbox.changes.filter(state="documenti_errati").order_by("-pk").first()
    told = _("The provider did not accept the documents: please hand them in again.")
    refused = mailbox.hand_ins.order_by("-pk").first()
    if notice.key.startswith("hand-in") and refused is not None:
        return f"{told} {refused.objection}".strip()
    return f"{told} {_('Its words: “%(words)s”') % {'words': change.words}}" if change and change.words else told


def _active(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "It is active. The provider has sent user name and password to the applicant by e-mail: please enter them in "
        "the portal."
    )


def _credentials(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "The provider refuses its user name or password. Nothing is sent from it, and no receipts are read, until they "
        "are entered again."
    )


def _ended(mailbox: Mailbox, notice: Notice) -> str:
    return _("The provider says of it now: “%(state)s”. Nothing can be sent from it any more.") % {
        "state": mailbox.state_words
    }


def _expiry(mailbox: Mailbox, notice: Notice) -> str:
    return expiring.sentence(mailbox) or _("Its expiry has changed meanwhile: see its page.")


def _confirm(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "A person of your organisation has ordered something that pays for it, or ends it. A second person has to "
        "confirm it, or to withdraw it."
    )


def _order_done(mailbox: Mailbox, notice: Notice) -> str:
    return _("What was ordered for it has been carried out.")


def _order_not_done(mailbox: Mailbox, notice: Notice) -> str:
    order = mailbox.orders.order_by("-pk").first()
    told = _("What was ordered for it was not carried out, and is not repeated by itself.")
    return f"{told} {order.objection}".strip() if order else told


def _order_doubt(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "The provider's answer to what was ordered for it was lost. The portal looks whether it was carried out, and "
        "repeats nothing by itself."
    )


def _asked_doubts(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "Messages that were sent from it are in doubt: the provider's answers were lost, and nobody knows whether they "
        "left. The portal sends none of them again by itself. Whoever looks after the portal asks you to look at what "
        "is known, and to decide."
    )


def _asked_desk(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "Receipts in its inbox belong to no message that the portal could find. Whoever looks after the portal asks "
        "you to look at them on the desk: give each to its message, or put it aside."
    )


def _asked_unread(mailbox: Mailbox, notice: Notice) -> str:
    return _(
        "The portal cannot read some items of its inbox. Whoever looks after the portal asks you to look at them in "
        "the webmail: receipts may be among them."
    )


_PAGES: Final = {NoticeKind.ASKED_DOUBTS: "campaigns:doubts", NoticeKind.ASKED_DESK: "campaigns:desk"}
_SENTENCES: Final[dict[NoticeKind, Callable[[Mailbox, Notice], str]]] = {
    NoticeKind.OBJECTION: _objection,
    NoticeKind.DOUBT: _doubt,
    NoticeKind.HAND_IN_DOUBT: _hand_in_doubt,
    NoticeKind.FORM: _form,
    NoticeKind.DOCUMENTS: _documents,
    NoticeKind.ACTIVE: _active,
    NoticeKind.CREDENTIALS: _credentials,
    NoticeKind.ENDED: _ended,
    NoticeKind.EXPIRY: _expiry,
    NoticeKind.CONFIRM: _confirm,
    NoticeKind.ORDER_DONE: _order_done,
    NoticeKind.ORDER_NOT_DONE: _order_not_done,
    NoticeKind.ORDER_DOUBT: _order_doubt,
    NoticeKind.ASKED_DOUBTS: _asked_doubts,
    NoticeKind.ASKED_DESK: _asked_desk,
    NoticeKind.ASKED_UNREAD: _asked_unread,
}
