"""What a check before sending says, as facts that are kept: counts, warnings with their rows, sizes, cost, days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from campaigns.splitting import RECEIPTS_COME
from mailboxes import offers
from mailboxes.models import Mailbox
from pecportal import clock, vendor
from pecportal.organisations.models import VendorAccount

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
    campaign: Campaign,
    findings: Sequence[Finding],
    measures: Measures,
    warnings: Mapping[str, Sequence[int]],
    split: Mapping[int, int] | None = None,
) -> dict[str, Any]:
    """Everything that the sheet shows, as JSON; words, dates and amounts are those of the active language.

    `split` says how many messages each of several mailboxes sends, by their ids.
    """
    parts = _parts(campaign, split or {})
    expected = outlook.of(campaign, shares=split if campaign.is_split else None)
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
        "notes": [*notes, *_about_mailboxes(parts, expected, measures), *_about_credit(parts)],
        "warnings": [_warning(code, lines) for code, lines in sorted(warnings.items())],
        "cost": _cost(parts),
        "credit": _credit(campaign.mailbox),
        "forecast": _forecast(expected),
        "mailbox": _mailbox(campaign.mailbox),
        "mailboxes": [_part(box, count, expected) for box, count in parts] if campaign.is_split else [],
    }


def _parts(campaign: Campaign, split: Mapping[int, int]) -> list[tuple[Mailbox, int]]:
    """Each mailbox with the number of messages that it sends."""
    if not campaign.is_split:
        return [(campaign.mailbox, campaign.recipients_total)]
    return [(box, split.get(box.pk, 0)) for box in campaign.senders]


def _part(mailbox: Mailbox, count: int, expected: Expected | None) -> dict[str, Any]:
    """What the sheet tells of one of several mailboxes."""
    ends = _ends(mailbox, expected)
    return {
        **_mailbox(mailbox),
        "messages": count,
        "ends": outlook.moment(ends) if ends else "",
        "cost": _cost([(mailbox, count)]),
        "credit": _credit(mailbox),
    }


def _ends(mailbox: Mailbox, expected: Expected | None) -> datetime | None:
    """When a mailbox has sent its part."""
    if expected is None or not expected.parts:
        return expected.ends if expected else None
    return next((part.ends for part in expected.parts if part.mailbox.pk == mailbox.pk), None)


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


def _cost(parts: Sequence[tuple[Mailbox, int]]) -> dict[str, str]:
    """What the messages cost by the plans' noted prices; empty amounts where one is not noted.

    Of several mailboxes the plans are named, and a price is told only where all have the same.
    """
    plans = {box.plan.pk: box.plan for box, _count in parts if box.plan is not None}
    names = ", ".join(plan.name for plan in plans.values())
    found = {"plan": names, "each": "", "net": "", "vat": "", "total": "", "noted_on": ""}
    nets = [_net(box, count) for box, count in parts]
    known = [net for net in nets if net is not None]
    if len(known) < len(nets) or not plans:
        return found
    percent = Decimal(str(settings.VAT_PERCENT))
    net = sum(known, Decimal(0))
    vat = (net * percent / 100).quantize(CENT)
    prices = {plan.message_price for plan in plans.values()}
    noted = max((plan.prices_noted_on for plan in plans.values() if plan.prices_noted_on), default=None)
    amounts = {"net": net, "vat": vat, "total": net + vat}
    if len(prices) == 1:
        amounts["each"] = prices.pop() or Decimal(0)
    return {
        **found,
        **{name: offers.money(amount) for name, amount in amounts.items()},
        "percent": f"{percent.normalize():f}",
        "noted_on": date_format(noted, "SHORT_DATE_FORMAT") if noted else "",
    }


def _net(mailbox: Mailbox, count: int) -> Decimal | None:
    plan = mailbox.plan
    if plan is None or plan.message_price is None:
        return None
    return (plan.message_price * count).quantize(CENT)


def _credit(mailbox: Mailbox) -> dict[str, str]:
    """What the mailbox's account had in its wallet when it was read last; empty where that is not known."""
    account = vendor.account_of(mailbox)
    if account is None or account.credit is None:
        return {}
    return {"amount": offers.money(account.credit), "at": _moment(account.credit_at)}


def _about_credit(parts: Sequence[tuple[Mailbox, int]]) -> Iterator[str]:
    """Which account has less credit than the messages of its mailboxes cost."""
    nets: dict[VendorAccount, Decimal] = {}
    for box, count in parts:
        account, net = vendor.account_of(box), _net(box, count)
        if account is not None and net is not None:
            nets[account] = nets.get(account, Decimal(0)) + net
    for account, net in nets.items():
        if account.credit is None or account.credit >= net:
            continue
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


def _about_mailboxes(
    parts: Sequence[tuple[Mailbox, int]], expected: Expected | None, measures: Measures
) -> Iterator[str]:
    """What of the mailboxes could hold the sending, or its receipts, up; of several each is named."""
    total = sum(count for _box, count in parts)
    for box, count in parts:
        weight = measures.bytes_in_all * count // max(total, 1)
        for sentence in _about_mailbox(box, _ends(box, expected), weight, held=expected.held if expected else ""):
            yield f"{box.address}: {sentence}" if len(parts) > 1 else sentence


def _about_mailbox(mailbox: Mailbox, ends: datetime | None, weight: int, *, held: str) -> Iterator[str]:
    ends = ends or clock.now()
    if mailbox.expires_at is not None and mailbox.expires_at < ends + RECEIPTS_COME:
        words = {"day": _day(mailbox.expires_at)}
        yield _("The mailbox expires on %(day)s, before the last receipts are in: renew it first.") % words
    if mailbox.space_used is None or mailbox.space_limit is None:
        return
    if mailbox.is_full:
        if mailbox.space_warning not in held:  # else it is a finding
            yield mailbox.space_warning
    elif weight > mailbox.space_limit - mailbox.space_used:
        yield _(
            "If every delivery receipt carries the whole message, the mailbox has no room for all of them: save the "
            "receipts and make space while the campaign runs."
        )


def _moment(at: datetime | None) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else ""


def _day(at: datetime | None) -> str:
    return date_format(localtime(at), "SHORT_DATE_FORMAT") if at else ""
