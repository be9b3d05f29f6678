"""What goes along with a message: the files that all recipients get, and those that only its row of the list gets."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from campaigns.models import Attachment, Campaign, Message, Origin, OwnFile, OwnLink, Recipient


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One file of a message, in the order in which they go: name, type, bytes, SHA-256 (hex), where it is stored."""

    name: str
    content_type: str
    size: int
    sha256: str
    stored_as: str

    @classmethod
    def of(cls, file: Attachment | OwnFile) -> "Enclosure":
        """A row as a plain fact."""
        return cls(file.name, file.content_type, file.size, file.sha256, file.stored_as)


def common(campaign_id: int) -> list[Enclosure]:
    """The files that every message of a campaign carries."""
    return [Enclosure.of(file) for file in Attachment.objects.filter(campaign=campaign_id).order_by("pk")]


def own(campaign_id: int, lines: Collection[int]) -> dict[int, list[Enclosure]]:
    """The own files of some rows, by line; rows that have none are left out. A `range` has no steps."""
    found: dict[int, list[Enclosure]] = defaultdict(list)
    links = OwnLink.objects.filter(campaign=campaign_id)
    if isinstance(lines, range):
        links = links.filter(line__gte=lines.start, line__lt=lines.stop)
    else:
        links = links.filter(line__in=lines)
    for link in links.select_related("file").order_by("line", "file_id"):
        found[link.line].append(Enclosure.of(link.file))
    return found


def of_message(message: Message) -> list[Enclosure]:
    """All files of a message: the common ones, then its own."""
    return of_row(message.campaign_id, message.line)


def of_row(campaign_id: int, line: int) -> list[Enclosure]:
    """All files of the message to one row of the list."""
    return common(campaign_id) + own(campaign_id, [line]).get(line, [])


def hashes(files: Iterable[Enclosure]) -> list[str]:
    """Their SHA-256 (hex), in their order: what a message's own hash is made of."""
    return [file.sha256 for file in files]


def fingerprint(campaign: Campaign) -> str:
    """SHA-256 (hex) of which row gets which file; "" where none gets any."""
    links = OwnLink.objects.filter(campaign=campaign).order_by("line", "file_id")
    digest, count = hashlib.sha256(), 0
    for line, name, sha256 in links.values_list("line", "file__name", "file__sha256").iterator(chunk_size=5_000):
        digest.update(f"{line}\0{name}\0{sha256}\n".encode())
        count += 1
    return digest.hexdigest() if count else ""


def heaviest_own(campaign: Campaign) -> tuple[int, int] | None:
    """The line whose own files weigh most, and their bytes; None when no row has any."""
    rows = campaign.own_links.values("line").annotate(bytes=Sum("file__size")).order_by("-bytes", "line")
    first = rows.values_list("line", "bytes").first()
    return None if first is None else (first[0], first[1])


def own_of_row(campaign: Campaign, line: int) -> QuerySet[OwnFile]:
    """The own files of one row, its letter among them."""
    return campaign.own_files.filter(links__line=line)


def uploads(campaign: Campaign) -> QuerySet[OwnFile]:
    """The own files that people handed in; those that the portal makes are no business of names."""
    return campaign.own_files.filter(origin=Origin.UPLOAD)


def with_recipients(files: QuerySet[OwnFile]) -> QuerySet[OwnFile]:
    """Own files, each with `recipients_total`, and as `recipient` the address of its first row; None where it has none.

    They are looked up for the rows that are read alone.
    """
    links = OwnLink.objects.filter(file=OuterRef("pk")).order_by()
    first = OwnLink.objects.filter(file=OuterRef(OuterRef("pk"))).order_by("line").values("line")[:1]
    row = Recipient.objects.of_present_lists().filter(campaign=OuterRef("campaign"), line=Subquery(first))
    count = Subquery(links.values("file").annotate(n=Count("pk")).values("n"))
    return files.annotate(recipient=Subquery(row.values("address")[:1]), recipients_total=Coalesce(count, 0))


def has_any(campaign: Campaign) -> bool:
    """Whether rows of the campaign are to have files of their own that were handed in."""
    return uploads(campaign).filter(waived_by=None).exists()


def rows_without(campaign: Campaign) -> QuerySet[Recipient]:
    """Recipients without a file of their own, of whom nobody said that they go without; in the order of the list."""
    handed_in = campaign.own_links.filter(file__origin=Origin.UPLOAD)
    rows = campaign.recipients.exclude(line__in=handed_in.values("line"))
    return rows.exclude(line__in=campaign.own_waivers.values("line")).order_by("line")


def files_without(campaign: Campaign) -> QuerySet[OwnFile]:
    """Files that belong to no row, and that nobody left out."""
    return uploads(campaign).filter(waived_by=None, links=None).order_by("pk")
