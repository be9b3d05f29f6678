"""Asking an organisation to do what operators may not, by a letter, once a day for each mailbox."""

from django.utils.translation import gettext as _

from mailboxes import notices
from mailboxes.models import Mailbox
from mailboxes.models.notices import NoticeKind
from pecportal import clock
from pecportal.errors import Refusal


def asked(mailbox: Mailbox, kind: NoticeKind) -> list[str]:
    """A sentence about the last such letter, if there was one."""
    last = mailbox.notices.filter(kind=kind).order_by("-pk").first()
    if last is None:
        return []
    if last.sent_at is None:
        return [_("The organisation is being asked by e-mail.")]
    return [_("The organisation was asked by e-mail: %(at)s.") % {"at": clock.shown(last.sent_at)}]


def ask(mailbox: Mailbox, kind: NoticeKind) -> bool:
    """Have the letter written; False when it was today. Raises `Refusal` where nobody may do what is asked."""
    if not notices.people(mailbox, kind):
        raise Refusal(_("Nobody in the organisation may do that: its administrators have to give somebody the role."))
    return notices.note(mailbox, kind, key=f"{clock.now():%Y-%m-%d}")
