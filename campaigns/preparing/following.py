"""What is done about messages that did not arrive: a new campaign with them, corrected addresses, or a note."""

import hashlib
from collections.abc import Mapping
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
BATCH = 1000
LONGEST_REASON = 2000


def again(campaign: Campaign, cause: Cause, *, actor: User) -> Campaign:
    """A draft for the messages that failed for a cause and were not dealt with, each row linked to the old message.

    Once they are in it, a second call finds none. Raises `Refusal` then, and when the mailbox may not send.
    """
    lines = set(failures.left(campaign, cause).values_list("line", flat=True))
    copies = copying.files(campaign.attachments.order_by("pk")) if cause != Cause.VIRUS else []
    with stored.discarded_on_failure(*copying.names(copies)):
        own = copying.own_files(campaign, lines) if cause != Cause.VIRUS else []
        with stored.discarded_on_failure(*copying.names(own)), transaction.atomic():
            Campaign.objects.select_for_update().get(pk=campaign.pk)  # two at once must not both take the same rows
            left = failures.left(campaign, cause).select_related("content")
            rows = [row for row in left if row.line in lines]  # one that failed just now comes the next time
            if not rows:
                raise Refusal(_("None of these messages is left: they are in a new campaign, or have a note."))
            draft = copying.like(campaign, name=f"{campaign.name}: {cause.label}", actor=actor)
            copying.give(draft, copies)
            _fill(draft, campaign, rows, cause)
            copying.give_own(draft, campaign, own)
    return draft


def _fill(draft: Campaign, campaign: Campaign, rows: list[Message], cause: Cause) -> None:
    draft.list_name, draft.columns = campaign.list_name, campaign.columns
    draft.address_column, draft.recipients_total = campaign.address_column, len(rows)
    draft.roles = campaign.roles
    if cause == Cause.FULL:
        draft.starts_at = _after(rows)
    Recipient.objects.bulk_create(
        (
            Recipient(campaign=draft, line=row.line, address=row.recipient, values=row.content.values, follows=row)
            for row in rows
        ),
        batch_size=BATCH,
    )
    draft.list_sha256 = _list_hash(draft)
    fields = ["list_name", "list_sha256", "columns", "roles", "address_column", "recipients_total", "starts_at"]
    draft.save(update_fields=fields)
    merging.begin(draft)


def _after(rows: list[Message]) -> datetime | None:
    """When the last of them may be tried again; None when that is over."""
    begins = max((row.decided_at or row.state_since) for row in rows) + AGAIN_AFTER
    return begins if begins > clock.now() else None


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
        ids = list(failures.left(campaign, cause).values_list("pk", flat=True))
        notes = (Closing(message_id=pk, reason=reason, by=actor, at=clock.now()) for pk in ids)
        Closing.objects.bulk_create(notes, batch_size=BATCH)
        if ids:
            facts = {"cause": cause.value, "messages": len(ids)}
            record("campaign.close_failures", actor=actor, organisation=campaign.organisation, target=campaign, **facts)
    return len(ids)
