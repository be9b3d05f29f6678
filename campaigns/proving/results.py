"""A campaign's results as a table that Italian spreadsheets open without being asked."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from campaigns import row_references, spreadsheets, text
from campaigns.models import Attempt, Campaign, Message, Receipt, Role
from campaigns.states import Declared, Outcome, Shown, label

ROME = ZoneInfo("Europe/Rome")
CHUNK = 1000


def as_csv(campaign: Campaign) -> Iterator[bytes]:
    """The rows as CSV: `;`, UTF-8 with BOM, CRLF; what a spreadsheet would run as a formula is made plain text.

    Words are in the language that is active now, however late the pieces are asked for.
    """
    return spreadsheets.as_csv(rows(campaign))


def rows(campaign: Campaign) -> Iterator[list[str]]:
    """Header, then one row for each message in the list's order; times are Rome's, `gg/mm/aaaa hh:mm:ss`.

    The campaign's numbers come first, then the row's own, and the list's columns last, under its own headings.
    """
    head = [_("line"), _("recipient"), _("status"), _("reference"), _("code")]
    head += [
        _("sent"),
        _("accepted"),
        _("decided"),
        _("the provider's words"),
        _("protocol number"),
        _("own reference"),
        *(str(name) for name, _value in campaign.further),
    ]
    apart = row_references.headings(campaign)
    head += [_named(one) for one in apart]
    headings = [str(column) for column in campaign.columns]
    labels = {(status.value, said.value): label(status, said) for status in Shown for said in Declared}
    fields = [text.normalise(heading) for heading in headings]
    numbers = [campaign.protocol, campaign.reference, *(str(value) for _name, value in campaign.further)]
    roles = [one.role for one in apart]
    return _rows(campaign.pk, [*head, *headings], fields, labels, numbers, roles)


def _named(one: row_references.Named) -> str:
    """The heading of a row's reference: what it is, and under which heading the list had it."""
    return f"{Role(one.role).label} ({one.heading})"


def _rows(
    campaign_id: int,
    head: list[str],
    fields: list[str],
    labels: Mapping[tuple[str, str], str],
    numbers: list[str],
    roles: list[str],
) -> Iterator[list[str]]:
    yield head
    for batch in _batches(campaign_id):
        codes, reasons = _codes(batch), _reasons(batch)
        known = row_references.of_messages(batch) if roles else {}
        for message in batch:
            values = message.content.values
            yield [
                str(message.line),
                message.recipient,
                labels[message.status, message.declared],
                message.ref,
                codes.get(message.pk, ""),
                _local(message.sent_at),
                _local(message.accepted_at),
                _local(message.decided_at),
                reasons.get(message.pk, ""),
                *numbers,
                *(known.get(message.pk, {}).get(role, "") for role in roles),
                *(str(values.get(field, "")) for field in fields),
            ]


def _batches(campaign_id: int) -> Iterator[list[Message]]:
    """The messages by line, each batch a query of its own: no read stays open while a browser takes its time."""
    after = 0
    while True:
        messages = Message.objects.filter(campaign=campaign_id, line__gt=after).select_related("content")
        batch = list(messages.order_by("line")[:CHUNK])
        if not batch:
            return
        yield batch
        after = batch[-1].line


def _codes(batch: list[Message]) -> dict[int, str]:
    accepted = Attempt.objects.filter(message__in=batch, outcome=Outcome.ACCEPTED)
    return dict(accepted.values_list("message", "code"))


def _reasons(batch: list[Message]) -> dict[int, str]:
    """What the provider said of those that went wrong: its refusal, or the last reason in a receipt."""
    failed = [message.pk for message in batch if message.status == Shown.FAILED]
    refused = Attempt.objects.filter(message__in=failed).order_by("n").values_list("message", "answer")
    reasons = {pk: _one_line(answer) for pk, answer in refused}
    told = Receipt.objects.filter(message__in=batch).exclude(reason="").order_by("pk").values_list("message", "reason")
    return reasons | {pk: _one_line(reason) for pk, reason in told}


def _one_line(words: str) -> str:
    return " ".join(words.split())[:500]


def _local(moment: datetime | None) -> str:
    return moment.astimezone(ROME).strftime("%d/%m/%Y %H:%M:%S") if moment else ""
