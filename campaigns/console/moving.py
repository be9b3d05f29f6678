"""Setting going again what stands still: jobs rung for once more, lanes that are let go, people who are told."""

from campaigns.console import undelivered
from campaigns.console.items import Item
from campaigns.models.tracking import Hold
from campaigns.sending import freeing
from mailboxes import notices
from mailboxes.models.notices import NoticeKind
from pecportal import clock, queue
from pecportal.organisations.models import User
from pecportal.queue import enqueue
from pecportal.schedules import PERIODIC

# the jobs that do the work of each kind of thing; the row's id goes with those that end in `:`
JOBS = {
    "lane": "campaigns.tasks.pump",
    "campaign": "campaigns.tasks.sweep",
    "attempt": "campaigns.tasks.sweep",
    "list": "campaigns.tasks.read_list:",
    "letter": "campaigns.tasks.make_letters:",
    "archive": "campaigns.tasks.unpack:",
    "sheet": "campaigns.tasks.make_sheet:",
    "box": "mailboxes.tasks.sweep",
    "papers": "mailboxes.tasks.sweep",
}


def again(item: Item, actor: User) -> bool:
    """Ring for the job that does its work: a job may run twice, and does nothing twice."""
    kind = item.key.partition(":")[0]
    if kind == "work":
        for every in PERIODIC:
            if every.at is None and (every.lane or queue.lane_of(every.task)) == item.row.name:
                enqueue(every.task, *every.arguments, lane=every.lane)
        return True
    if kind in ("notice", "delivery"):
        return undelivered.again(item, actor)
    task = JOBS[kind]
    if task.endswith(":"):
        enqueue(task.removesuffix(":"), item.row.pk)
    else:
        enqueue(task)
    return True


def try_now(item: Item, actor: User) -> bool:
    """End the rest of a lane after failures, and have the credit read."""
    if item.row.hold == Hold.WALLET:
        enqueue("pecportal.operation.tasks.read_wallets")
    return freeing.try_now(item.row.pk)


def free(item: Item, actor: User) -> bool:
    """Take the lane from whoever holds it."""
    return freeing.take_away(item.row.pk, holder=item.row.holder)


def password(item: Item, actor: User) -> bool:
    """Write to the mailbox's keepers, once a day."""
    mailbox = getattr(item.row, "mailbox", item.row)
    return notices.note(mailbox, NoticeKind.CREDENTIALS, key=f"asked {clock.now():%Y-%m-%d}")
