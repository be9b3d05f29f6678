"""What a check before sending says, as facts that are kept: counts, warnings with their rows, sizes, cost, days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from campaigns import outlook, row_references, sentences
from campaigns.models import Campaign, ListProblem
from campaigns.outlook import Expected
from campaigns.readiness import Finding
from mailboxes import offers
from mailboxes.models import Mailbox
from pecportal import clock, vendor

RECEIPTS_COME = timedelta(days=2)  # after the last message has left
CENT = Decimal("0.01")
LINES_NAMED = 500  # of rows that cannot be put together: whoever has more has another problem
TOLD_BY_ROWS = frozenset({"ordinary_mail"})  # findings that the warnings tell with their rows


@dataclass(frozen=True, slots=True)
class Measures:
    """What putting every row together gave: rows, bytes in all, the largest message and its line, the faulty lines."""

    rows: int
    bytes_in_all: int
    largest: int
    largest_line: int
    faulty: tuple[int, ...]


def facts(
    campaign: Campaign, findings: Sequence[Finding], measures: Measures, warnings: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """Everything that the sheet shows, as JSON; words, dates and amounts are those of the active language."""
    expected = outlook.of(campaign)
    notes = [finding.sentence for finding in findings if not finding.blocks and finding.code not in TOLD_BY_ROWS]
    blocking = [finding.sentence for finding in findings if finding.blocks]
    if measures.faulty:
        words = {"lines": ranges(measures.faulty[:LINES_NAMED])}
        blocking.append(_("These rows cannot be put together with the text: %(lines)s.") % words)
    return {
        "name": campaign.name,
        "list_name": campaign.list_name,
        "subject": campaign.subject,
        "recipients": campaign.recipients_total,
        "left_out": campaign.problems_total,
        "protocol": campaign.protocol,
        "reference": campaign.reference,
        "further": campaign.further,
        "row_references": [one.heading for one in row_references.headings(campaign)],
        "hours": sentences.of_hours(campaign),
        "wanted_by": _moment(campaign.wanted_by),
        "pilot": campaign.pilot_size,
        "files": [[file.name, file.size, file.sha256] for file in campaign.attachments.order_by("pk")],
        "own": _own(campaign),
        "sizes": {"in_all": measures.bytes_in_all, "largest": measures.largest, "line": measures.largest_line},
        "blocking": blocking,
        "notes": [*notes, *_about_mailbox(campaign.mailbox, expected, measures), *_about_credit(campaign)],
        "warnings": [_warning(code, lines) for code, lines in sorted(warnings.items())],
        "cost": _cost(campaign),
        "credit": _credit(campaign),
        "forecast": _forecast(expected),
        "mailbox": _mailbox(campaign.mailbox),
    }


def ranges(lines: Sequence[int]) -> str:
    """Numbers in ascending order as a person writes them: 5–9, 12."""
    found: list[list[int]] = []
    for line in lines:
        if found and line <= found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}\N{EN DASH}{last}" for first, last in found)


def _warning(code: str, lines: Sequence[int]) -> dict[str, Any]:
    special = {
        "duplicate": _("The address is on another line already."),
        "merge_missing": _("A value that the text needs is missing."),
    }
    sentence = special.get(code) or sentences.of_row(ListProblem(code=code))
    return {"code": code, "sentence": sentence, "count": len(set(lines)), "lines": ranges(lines)}


def _cost(campaign: Campaign) -> dict[str, str]:
    """What the messages cost by the plan's noted price; empty amounts where none is noted."""
    plan = campaign.mailbox.plan
    found = {"plan": plan.name if plan else "", "each": "", "net": "", "vat": "", "total": "", "noted_on": ""}
    if plan is None or plan.message_price is None:
        return found
    percent = Decimal(str(settings.VAT_PERCENT))
    net = _net(campaign) or Decimal(0)
    vat = (net * percent / 100).quantize(CENT)
    noted = date_format(plan.prices_noted_on, "SHORT_DATE_FORMAT") if plan.prices_noted_on else ""
    amounts = {"each": plan.message_price, "net": net, "vat": vat, "total": net + vat}
    return {
        **found,
        **{name: offers.money(amount) for name, amount in amounts.items()},
        "percent": f"{percent.normalize():f}",
        "noted_on": noted,
    }


def _net(campaign: Campaign) -> Decimal | None:
    plan = campaign.mailbox.plan
    if plan is None or plan.message_price is None:
        return None
    return (plan.message_price * campaign.recipients_total).quantize(CENT)


def _credit(campaign: Campaign) -> dict[str, str]:
    """What the mailbox's account had in its wallet when it was read last; empty where that is not known."""
    account = vendor.account_of(campaign.mailbox)
    if account is None or account.credit is None:
        return {}
    return {"amount": offers.money(account.credit), "at": _moment(account.credit_at)}


def _about_credit(campaign: Campaign) -> Iterator[str]:
    account, net = vendor.account_of(campaign.mailbox), _net(campaign)
    if account is not None and account.credit is not None and net is not None and account.credit < net:
        words = {"credit": offers.money(account.credit), "day": _moment(account.credit_at), "cost": offers.money(net)}
        yield (
            _(
                "The credit with the provider (%(credit)s €, read on %(day)s) is less than the messages cost without "
                "VAT (%(cost)s €): it has to be filled up before the end."
            )
            % words
        )


def _own(campaign: Campaign) -> dict[str, int]:
    """How many rows have files of their own, letters included, and how many go without on somebody's word."""
    rows = campaign.own_links.values("line").distinct().count()
    files = campaign.own_files.filter(links__isnull=False).distinct().count()
    return {"rows": rows, "files": files, "waived": campaign.own_waivers.count()}


def _forecast(expected: Expected | None) -> dict[str, Any]:
    if expected is None:
        return {}
    return {
        "ends": outlook.moment(expected.ends) if expected.ends else "",
        "days": [[f"{outlook.day_named(day)} {day.year}", count] for day, count in expected.days],
        "all_days": expected.all_days,
        "more_days": expected.more_days,
        "more_messages": expected.more_messages,
        "warning": expected.warning,
    }


def _mailbox(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "address": mailbox.address,
        "space_used": mailbox.space_used,
        "space_limit": mailbox.space_limit,
        "space_percent": mailbox.space_percent,
        "space_at": _moment(mailbox.space_at),
        "expires": _day(mailbox.expires_at),
    }


def _about_mailbox(mailbox: Mailbox, expected: Expected | None, measures: Measures) -> Iterator[str]:
    """What of the mailbox could hold the sending, or its receipts, up."""
    ends = expected.ends if expected is not None and expected.ends is not None else clock.now()
    if mailbox.expires_at is not None and mailbox.expires_at < ends + RECEIPTS_COME:
        words = {"day": _day(mailbox.expires_at)}
        yield _("The mailbox expires on %(day)s, before the last receipts are in: renew it first.") % words
    if mailbox.space_used is None or mailbox.space_limit is None:
        return
    if mailbox.is_full:
        if expected is None or expected.held != mailbox.space_warning:  # else it is a finding
            yield mailbox.space_warning
    elif measures.bytes_in_all > mailbox.space_limit - mailbox.space_used:
        yield _(
            "If every delivery receipt carries the whole message, the mailbox has no room for all of them: save the "
            "receipts and make space while the campaign runs."
        )


def _moment(at: datetime | None) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else ""


def _day(at: datetime | None) -> str:
    return date_format(localtime(at), "SHORT_DATE_FORMAT") if at else ""
