"""What is done about messages that did not arrive: a new campaign with them, corrected addresses, or a note."""

import hashlib
from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import addresses, failures, sentences
from campaigns.failures import Cause
from campaigns.models import Campaign, Closing, Message, Recipient
from campaigns.preparing import copying, drafts, merging
from pecportal import clock, stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User

AGAIN_AFTER = timedelta(days=7)
BATCH = 500
LONGEST_REASON = 2000


def again(campaign: Campaign, cause: Cause, *, actor: User) -> Campaign:
    """A draft for the messages that failed for a cause and were not dealt with, each row linked to the old message.

    Once they are in it, a second call finds none. Raises `Refusal` then, and when the mailbox may not send.
    """
    if campaign.is_stream:
        raise Refusal(_("These messages were posted one by one: whoever posted them posts them again."))
    lines = set(failures.left(campaign, cause).values_list("line", flat=True))
    copies = copying.files(campaign.attachments.order_by("pk")) if cause != Cause.VIRUS else []
    with stored.discarded_on_failure(*copying.names(copies)):
        own = copying.own_files(campaign, lines) if cause != Cause.VIRUS else []
        with stored.discarded_on_failure(*copying.names(own)), transaction.atomic():
            Campaign.objects.select_for_update().get(pk=campaign.pk)  # two at once must not both take the same rows
            draft = copying.like(campaign, name=f"{campaign.name}: {cause.label}", actor=actor)
            copying.give(draft, copies)
            _fill(draft, campaign, cause, lines)
            copying.give_own(draft, campaign, own)
    return draft


def _fill(draft: Campaign, campaign: Campaign, cause: Cause, lines: Set[int]) -> None:
    """Give the draft the rows at these lines that are still left, a batch at a time; one that failed just now comes
    the next time. Raises `Refusal` when there is none.
    """
    total, latest = 0, None
    for rows in _batches(campaign, cause):
        taken = [row for row in rows if row.line in lines]
        Recipient.objects.bulk_create(
            Recipient(campaign=draft, line=row.line, address=row.recipient, values=row.content.values, follows=row)
            for row in taken
        )
        total += len(taken)
        latest = max([*([latest] if latest else []), *(row.decided_at or row.state_since for row in taken)])
    if not total:
        raise Refusal(_("None of these messages is left: they are in a new campaign, or have a note."))
    draft.list_name, draft.columns = campaign.list_name, campaign.columns
    draft.address_column, draft.recipients_total = campaign.address_column, total
    draft.roles = campaign.roles
    if cause == Cause.FULL:
        draft.starts_at = _after(latest)
    draft.list_sha256 = _list_hash(draft)
    fields = ["list_name", "list_sha256", "columns", "roles", "address_column", "recipients_total", "starts_at"]
    draft.save(update_fields=fields)
    merging.begin(draft)


def _batches(campaign: Campaign, cause: Cause) -> Iterator[list[Message]]:
    """What is left, in the order of the list, as it is when each batch is asked for."""
    left, after = failures.left(campaign, cause).select_related("content"), 0
    while rows := list(left.filter(line__gt=after)[:BATCH]):
        after = rows[-1].line
        yield rows


def _after(latest: datetime | None) -> datetime | None:
    """When the last one, which failed at `latest`, may be tried again; None when that is over."""
    begins = latest + AGAIN_AFTER if latest else None
    return begins if begins and begins > clock.now() else None


def _list_hash(campaign: Campaign) -> str:
    digest = hashlib.sha256()
    for line, address in campaign.recipients.order_by("line").values_list("line", "address").iterator():
        digest.update(f"{line} {address}\n".encode())
    return digest.hexdigest()


def correct(campaign: Campaign, typed: Mapping[int, str], *, actor: User) -> int:
    """Give rows of a draft, by their lines, other addresses; how many differ from before.

    Raises `Refusal`, on the field `address-<line>`, for what is no address or is another row's; then nothing changes.
    """
    with transaction.atomic():
        draft = drafts.locked(campaign)
        rows = {row.line: row for row in draft.recipients.filter(line__in=list(typed), follows__isnull=False)}
        changed = []
        for line, row in rows.items():
            address = _parsed(typed[line], line)
            if address != row.address:
                row.address = address
                changed.append(row)
        _unlike_others(draft, changed)
        if changed:
            Recipient.objects.bulk_update(changed, ["address"], batch_size=BATCH)
            draft.list_sha256 = _list_hash(draft)
            draft.save(update_fields=["list_sha256"])
            record("campaign.edit", actor=actor, organisation=draft.organisation, target=draft, addresses=len(changed))
    return len(changed)


def _parsed(typed: str, line: int) -> str:
    try:
        return addresses.parse(typed)
    except addresses.AddressProblem as exc:
        words = {"line": line, "sentence": sentences.of_address(exc)}
        raise Refusal(_("Row %(line)s: %(sentence)s") % words, field=f"address-{line}") from exc


def _unlike_others(draft: Campaign, changed: list[Recipient]) -> None:
    others = draft.recipients.exclude(pk__in=[row.pk for row in changed])
    known = {address.lower() for address in others.values_list("address", flat=True)}
    for row in changed:
        if row.address.lower() in known:
            words = {"line": row.line}
            raise Refusal(_("Row %(line)s: another row has this address already.") % words, field=f"address-{row.line}")
        known.add(row.address.lower())


def close(campaign: Campaign, cause: Cause, *, reason: str, actor: User) -> int:
    """Note on every message that failed for a cause, and was not dealt with, that nothing more is done; how many.

    Again it finds none. Raises `Refusal` without a reason.
    """
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise Refusal(_("Say why nothing more is done: the note is kept with each message."), field="reason")
    with transaction.atomic():
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        count, left = 0, failures.left(campaign, cause).values_list("pk", flat=True)
        while ids := list(left[:BATCH]):  # those that have a note are left no more
            now = clock.now()
            Closing.objects.bulk_create(Closing(message_id=pk, reason=reason, by=actor, at=now) for pk in ids)
            count += len(ids)
        if count:
            facts = {"cause": cause.value, "messages": count}
            record("campaign.close_failures", actor=actor, organisation=campaign.organisation, target=campaign, **facts)
    return count
