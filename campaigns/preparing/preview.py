"""The letter as one recipient of the list will get it."""

from dataclasses import dataclass
from itertools import islice

from campaigns import approvals, sentences, shares, text
from campaigns.models import Campaign, Recipient


@dataclass(frozen=True, slots=True)
class Preview:
    """One row's letter: `html` is cleaned, `problem` says why there is none. Lines are the file's own.

    `sender` is the address that sends it; of several mailboxes the check says which, and until then it may be any.
    """

    line: int
    previous: int | None
    next: int | None
    number: int
    total: int
    recipient: str
    sender: str
    subject: str = ""
    html: str = ""
    text: str = ""
    problem: str = ""


def of(campaign: Campaign, *, line: int | None = None) -> Preview | None:
    """The letter to the row at `line`, or to the next row after it, or to the last; None when there are no rows."""
    row = _row(campaign, line)
    if row is None:
        return None
    before, after = campaign.recipients.filter(line__lt=row.line), campaign.recipients.filter(line__gt=row.line)
    subject, html, problem = _render(campaign, row)
    number = before.count() + 1
    return Preview(
        line=row.line,
        previous=before.order_by("-line").values_list("line", flat=True).first(),
        next=after.order_by("line").values_list("line", flat=True).first(),
        number=number,
        total=campaign.recipients_total,
        recipient=row.address,
        sender=_sender(campaign, number),
        subject=subject,
        html=html,
        text=text.plain(html),
        problem=problem,
    )


def _sender(campaign: Campaign, number: int) -> str:
    """Who sends the message of the row that is the `number`th of the list, counted from 1."""
    if not campaign.is_split:
        return campaign.mailbox.address
    addresses = {box.pk: box.address for box in campaign.senders}
    sheet = approvals.current_sheet(campaign)
    if sheet is None or not sheet.split or approvals.is_void(sheet, campaign):
        return " / ".join(addresses.values())
    dealt = shares.deal(dict(sheet.split), first=campaign.pilot_size)
    return addresses[next(islice(dealt, number - 1, None), campaign.mailbox_id)]


def _row(campaign: Campaign, line: int | None) -> Recipient | None:
    rows = campaign.recipients.order_by("line")
    found = rows.filter(line__gte=line).first() if line is not None else rows.first()
    return found or rows.last()


def _render(campaign: Campaign, row: Recipient) -> tuple[str, str, str]:
    try:
        subject, html = text.Letter.of(campaign.subject, campaign.body).render(row.values, line=row.line)
    except text.TextProblem as exc:
        return "", "", sentences.of_text(exc)
    except text.MissingValue as exc:
        return "", "", sentences.of_missing(exc)
    return subject, html, ""
