"""Copies of what a campaign carries: files under names of their own, and a draft like one that was sent."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.enclosures import Enclosure
from campaigns.models import Attachment, Campaign, Letter, OwnFile, OwnLink, OwnWaiver
from campaigns.preparing import drafts
from pecportal import stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User

BATCH = 1000
LETTER_KEPT = ("letterhead", "file_name", "subject", "body", "protocol", "place", "dated")
KEPT = ("subject", "body", "opens", "closes", "weekdays", "on_holidays", "pilot_size")


@dataclass(frozen=True, slots=True)
class Copy:
    """A file's bytes under a new name, not yet any campaign's."""

    file: Attachment | Enclosure
    stored_as: str


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """A file of single rows under a new name, and the rows that get it."""

    file: OwnFile
    stored_as: str
    lines: tuple[int, ...]


def files(originals: Iterable[Attachment | Enclosure]) -> list[Copy]:
    """Copy files. Raises `Refusal`, and keeps nothing, when one cannot be had or is not what it was."""
    copies: list[Copy] = []
    try:
        for file in originals:
            with stored.verified(file.stored_as, sha256=file.sha256) as content:
                stored_as = f"attachments/{uuid.uuid4().hex}"
                stored.keep(stored_as, content)
            copies.append(Copy(file, stored_as))
    except (FileNotFoundError, stored.Changed, stored.Away) as exc:
        discard(copies)
        raise Refusal(_("The attachments cannot be read just now. Please try again in a few minutes.")) from exc
    return copies


def own_files(campaign: Campaign, lines: Collection[int]) -> list[OwnCopy]:
    """Copy the own files of these rows. Raises as `files`."""
    found: dict[OwnFile, list[int]] = defaultdict(list)
    links = campaign.own_links.select_related("file").order_by("file_id", "line")
    for link in links.iterator(chunk_size=BATCH):
        if link.line in lines:
            found[link.file].append(link.line)
    copies = files(map(Enclosure.of, found))
    pairs = zip(copies, found.items(), strict=True)
    return [OwnCopy(file, copy.stored_as, tuple(rows)) for copy, (file, rows) in pairs]


def give_own(draft: Campaign, campaign: Campaign, copies: Iterable[OwnCopy]) -> None:
    """Make the copies own files of a draft with the same rows, and keep who goes without; in the caller's transaction.

    They stay where they are, as if placed by hand: another look at their names must not move them.
    """
    present = set(draft.recipients.values_list("line", flat=True))
    for copy in copies:
        file = OwnFile.objects.create(
            campaign=draft,
            origin=copy.file.origin,
            name=copy.file.name,
            content_type=copy.file.content_type,
            size=copy.file.size,
            sha256=copy.file.sha256,
            stored_as=copy.stored_as,
        )
        lines = [line for line in copy.lines if line in present]
        links = (OwnLink(campaign=draft, line=line, file=file, by_hand=True) for line in lines)
        OwnLink.objects.bulk_create(links, batch_size=BATCH)
    waived = campaign.own_waivers.filter(line__in=draft.recipients.values("line"))
    waivers = (OwnWaiver(campaign=draft, line=row.line, by_id=row.by_id, at=row.at) for row in waived)
    OwnWaiver.objects.bulk_create(waivers, batch_size=BATCH)


def names(copies: Iterable[Copy | OwnCopy]) -> list[str]:
    """Under which names copies are stored."""
    return [copy.stored_as for copy in copies]


def discard(copies: Iterable[Copy | OwnCopy]) -> None:
    """Remove copies that no campaign got."""
    for copy in copies:
        stored.discard(copy.stored_as)


def give(campaign: Campaign, copies: Iterable[Copy]) -> None:
    """Make the copies files of a campaign, in the caller's transaction."""
    for copy in copies:
        Attachment.objects.create(
            campaign=campaign,
            name=copy.file.name,
            content_type=copy.file.content_type,
            size=copy.file.size,
            sha256=copy.file.sha256,
            stored_as=copy.stored_as,
        )


def duplicate(campaign: Campaign, *, actor: User) -> Campaign:
    """A draft with another one's sender, text, files and hours, and without its list. Raises `Refusal`."""
    copies = files(campaign.attachments.order_by("pk"))
    with stored.discarded_on_failure(*names(copies)), transaction.atomic():
        draft = like(campaign, name=_("Copy of %(name)s") % {"name": campaign.name}, actor=actor)
        give(draft, copies)
        _give_letter(draft, campaign)
    return draft


def _give_letter(draft: Campaign, campaign: Campaign) -> None:
    """The letter's text goes along; it is made anew for the rows that come."""
    letter = Letter.objects.filter(campaign=campaign).first()
    if letter is not None:
        Letter.objects.create(campaign=draft, **{field: getattr(letter, field) for field in LETTER_KEPT})


def like(campaign: Campaign, *, name: str, actor: User) -> Campaign:
    """A draft with another one's senders, text and hours, in the caller's transaction.

    Of several mailboxes the first that may send comes first; the others stay, and the check names what keeps them from
    sending. Raises `Refusal` when none may send.
    """
    senders = campaign.senders
    first = next((box for box in senders if box.why_not() is None), campaign.mailbox)
    draft = drafts.create(campaign.organisation, name=name[:200], mailbox=first, actor=actor)
    drafts.give_mailboxes(draft, [box for box in senders if box != first])
    for field in KEPT:
        setattr(draft, field, getattr(campaign, field))
    draft.save(update_fields=list(KEPT))
    record("campaign.copy", actor=actor, organisation=draft.organisation, target=draft, source=campaign.pk)
    return draft
