"""Having a mailbox's whole inbox read once more."""

from django.utils.translation import gettext_lazy

from campaigns.console.items import Item
from campaigns.models import InboxScan
from mailboxes import credentials
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.organisations.models import User
from pecportal.queue import enqueue

WORDS = (
    gettext_lazy("Read the whole mailbox again"),
    gettext_lazy("Its inbox is read from the first page to the last, once for each mailbox. Nothing is deleted."),
)
LATELY = 60.0  # seconds


def mailbox(item: Item) -> object:
    """Things of one mailbox are one thing to such an act."""
    return item.row.mailbox.pk


def read(item: Item, actor: User) -> bool:
    """Have it read, unless a reading has begun a moment ago."""
    box = item.row.mailbox
    if not credentials.usable(box):
        raise Refusal(str(box.why_not() or ""))
    last = InboxScan.objects.filter(mailbox=box, full=True).order_by("-pk").first()
    if last is not None and (clock.now() - last.started_at).total_seconds() < LATELY:
        return False
    enqueue("campaigns.tasks.read_whole", box.pk)
    return True
