"""Files of recipients that were removed: gone from every page at once, and from the disk by a job of their own."""

from typing import Final

from django.db.models import QuerySet

from campaigns.models import Origin, OwnFile, OwnLink
from pecportal import stored
from pecportal.queue import enqueue

BATCH: Final = 200  # files between two looks at the rows
TASK: Final = "campaigns.tasks.clear_waste"


def throw_away(files: QuerySet[OwnFile]) -> int:
    """Remove these files, however many, in the caller's transaction; how many. Their bytes go after it, by a job."""
    OwnLink.objects.filter(file__in=files.order_by().values("pk")).delete()
    count = files.order_by().update(origin=Origin.GONE)
    if count:
        enqueue(TASK)
    return count


def clear() -> int:
    """Remove the bytes of what was thrown away, then the rows; how many. Run again, or by two workers, it goes on.

    A file that cannot be removed now keeps its row, for the next time.
    """
    done, after = 0, 0
    while found := list(_thrown_away().filter(pk__gt=after).order_by("pk").values_list("pk", "stored_as")[:BATCH]):
        after = found[-1][0]
        gone = [pk for pk, stored_as in found if stored.discard(stored_as)]
        done += _thrown_away().filter(pk__in=gone).delete()[0]
    return done


def ring() -> None:
    """Ring for the job if something waits for it: the last one was lost, or could not reach the files."""
    if _thrown_away().exists():
        enqueue(TASK)


def _thrown_away() -> QuerySet[OwnFile]:
    return OwnFile.removed.filter(origin=Origin.GONE)
