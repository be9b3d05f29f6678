"""What is known of a message in doubt, gathered from the rows: what its page shows, and what a decision rests on."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from campaigns import absence, row_references
from campaigns.models import Answer, Attempt, InboxScan, Message, Receipt, Search
from campaigns.states import MessageState, Outcome
from mailboxes.models import Mailbox, SpaceReading
from pecportal import clock

ACCEPTANCE = "acceptance"  # campaigns.tracking.receipts.Kind
MOST_SCANS = 200


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why the last whole reading is not complete: what stopped it, in its own words, or a code and what was counted.

    `code` is "stopped", "unreadable", "uncounted", "overcounted" or "unsteady"; `total` what the vendor counts.
    """

    code: str
    words: str
    items: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the page of a doubt tells of one attempt; times are aware, `space` is percent in use."""

    attempt: Attempt
    finding: absence.Finding
    scans: tuple[absence.Scan, ...]
    shortfall: Shortfall | None
    space: int | None
    witness: Receipt | None
    receipts: int
    answers: tuple[Answer, ...]
    searches: int
    searched: Search | None
    references: tuple[row_references.Named, ...] = ()

    @property
    def is_absent(self) -> bool:
        """Whether the message was not sent, as far as can be known."""
        return self.finding.answer is absence.Answer.ABSENT

    @property
    def is_found(self) -> bool:
        """Whether a receipt is there, which will settle the doubt by itself."""
        return self.finding.answer is absence.Answer.FOUND

    def as_json(self) -> dict[str, object]:
        """Exactly what is shown, as JSON values; times in ISO 8601."""
        one, found, short = self.attempt, self.searched, self.shortfall
        return {
            "attempt": one.ref,
            "number": one.n,
            "marked": _iso(one.marked_at),
            "ended": _iso(one.ended_at),
            "outcome": one.outcome,
            "answer_status": one.answer_status,
            "answer": one.answer,
            "answers": [[answer.status, answer.sha256] for answer in self.answers],
            "finding": self.finding.answer.value,
            "missing": [gap.value for gap in self.finding.gaps],
            "readings": [[_iso(scan.started), _iso(scan.ended), scan.items] for scan in self.scans],
            "reading_problem": [short.code, short.words, short.items, short.total] if short else None,
            "space_percent": self.space,
            "witness": [self.witness.attempt_id, _iso(self.witness.seen_at)] if self.witness else None,
            "receipts": self.receipts,
            "searches": self.searches,
            "references": [[one.role, one.heading, one.value] for one in self.references],
            "searched": [_iso(found.at), found.found, found.problem] if found else None,
        }

    @property
    def sha256(self) -> str:
        """The hash (hex) of what is shown."""
        text = json.dumps(self.as_json(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def of(attempt: Attempt) -> Evidence:
    """The present evidence on an attempt that reached the wire."""
    mailbox = Mailbox.objects.get(pk=attempt.mailbox_id)
    marked = attempt.marked_at or attempt.claimed_at
    doubted = attempt.ended_at or marked
    witness = _witness(attempt, doubted)
    space = _space(mailbox, marked)
    scans = _scans(mailbox, marked)
    named = Receipt.objects.filter(attempt=attempt).count()
    facts = absence.Facts(
        marked=marked,
        doubted=doubted,
        now=clock.now(),
        receipts=named,
        scans=scans,
        space=space,
        witness=witness.seen_at if witness else None,
    )
    finding = absence.judge(facts)
    return Evidence(
        attempt=attempt,
        finding=finding,
        scans=_telling(finding.scans, facts.witness),
        shortfall=_shortfall(mailbox, marked) if len(finding.scans) < absence.SCANS else None,
        space=max(space, default=None),
        witness=witness,
        receipts=named,
        answers=tuple(attempt.answers.all()),
        searches=attempt.searches.count(),
        searched=attempt.searches.order_by("pk").last(),
        references=tuple(row_references.of_message(attempt.message.campaign, attempt.message)),
    )


def in_doubt(message: Message) -> Attempt | None:
    """The attempt that keeps the message in doubt; None when nothing does."""
    if message.state != MessageState.UNCERTAIN:
        return None
    rows = message.attempts.filter(outcome=Outcome.UNCERTAIN).select_related("message__campaign__organisation")
    return rows.first()


def wants_reading(mailbox_id: int) -> bool:
    """Whether one more whole reading would complete the evidence on the mailbox's latest doubt, and so on all."""
    doubts = Attempt.objects.filter(mailbox=mailbox_id, outcome=Outcome.UNCERTAIN, marked_at__isnull=False)
    latest = doubts.order_by("-marked_at").first()
    return latest is not None and absence.Gap.SCAN_BEFORE_WITNESS in of(latest).finding.gaps


def _witness(attempt: Attempt, doubted: datetime) -> Receipt | None:
    """The first acceptance read of another message that the mailbox sent after the doubt arose."""
    later = Receipt.objects.filter(mailbox=attempt.mailbox_id, kind=ACCEPTANCE, attempt__marked_at__gt=doubted)
    return later.exclude(attempt=attempt).select_related("attempt").order_by("pk").first()


def _space(mailbox: Mailbox, marked: datetime) -> list[int]:
    """Percents in use as read since the mark; none when it was not read since."""
    readings = SpaceReading.objects.filter(mailbox=mailbox, at__gte=marked, limit__gt=0)
    found = [100 * used // limit for used, limit in readings.values_list("used", "limit")]
    if mailbox.space_at and mailbox.space_at >= marked and mailbox.space_percent is not None:
        found.append(mailbox.space_percent)
    return found


def _scans(mailbox: Mailbox, marked: datetime) -> list[absence.Scan]:
    rows = InboxScan.objects.filter(mailbox=mailbox, full=True, complete=True, started_at__gt=marked)
    return [
        absence.Scan(row.started_at, row.ended_at, row.full, row.complete, row.items)
        for row in rows.order_by("pk")[:MOST_SCANS]
    ]


def _telling(scans: Iterable[absence.Scan], witness: datetime | None) -> tuple[absence.Scan, ...]:
    """The readings to show: the first two, and the first that ended after the witness was there."""
    counting = list(scans)
    after = [scan for scan in counting if witness and scan.ended and scan.ended >= witness]
    first = counting[: absence.SCANS]
    return (*first, *(scan for scan in after[:1] if scan not in first))


def _shortfall(mailbox: Mailbox, marked: datetime) -> Shortfall | None:
    """What kept the last whole reading from being complete; None when it is, or there is none."""
    rows = InboxScan.objects.filter(mailbox=mailbox, full=True, started_at__gt=marked, ended_at__isnull=False)
    last = rows.order_by("pk").last()
    if last is None or last.complete:
        return None
    if last.problem:
        code = "stopped"
    elif last.broken:
        code = "unreadable"
    elif last.total is None:
        code = "uncounted"
    else:
        code = "overcounted" if last.total > last.items else "unsteady"
    return Shortfall(code, last.problem, last.items, last.total)


def last_searched(attempts: Iterable[Attempt]) -> dict[int, datetime]:
    """When each of the attempts was last searched for, by attempt id."""
    rows = Search.objects.filter(attempt__in=list(attempts)).values_list("attempt")
    return dict(rows.annotate(last=Max("at")).order_by())


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
