"""A page taken in at once: it says the same as its items one by one, and costs no more statements than one of them."""

import random
import re
from email.utils import format_datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Attempt, Campaign, Incident, Message, Receipt
from campaigns.states import Declared, Outcome, Shown
from campaigns.tracking import intake
from pecportal.upstream.inbox import InboxItem
from tests.campaigns import build

pytestmark = pytest.mark.django_db
STATUSES = (Shown.SUBMITTED, Shown.SUBMITTED, Shown.UNCERTAIN, Shown.UNCERTAIN, Shown.FAILED, Shown.QUEUED)
PREFIXES = ("ACCETTAZIONE", "CONSEGNA", "AVVISO DI MANCATA CONSEGNA", "AVVISO DI NON ACCETTAZIONE")
CODE = "2026112510000011"


def world() -> Campaign:
    """Messages sent with a code, declared sent without one, in doubt, refused, and waiting; two of each."""
    campaign = build.started(statuses=STATUSES * 2)
    for row in list(campaign.messages.filter(status=Shown.SUBMITTED))[::2]:
        Attempt.objects.filter(message=row).update(code="")
        Message.objects.filter(pk=row.pk).update(declared=Declared.SENT)
    return campaign


def items(campaign: Campaign) -> list[InboxItem]:
    """Receipts of every kind for most messages, twice; another code, replies, and what nobody knows."""
    date = format_datetime(timezone.now())
    subjects = []
    for number, row in enumerate(campaign.messages.order_by("pk")):
        known = row.attempts.values_list("code", flat=True).first()
        code = known or CODE
        subjects += [f"{prefix}: Avviso Rif. {row.ref} {code}" for prefix in PREFIXES[: number % 5]]
        subjects.append(f"POSTA CERTIFICATA: Re: Avviso Rif. {row.ref}")
        if known and number % 3 == 0:
            subjects.append(f"CONSEGNA: Avviso Rif. {row.ref} 99999999999999")
    subjects += ["ACCETTAZIONE: Avviso Rif. 0000000000 2026112510000099", "Qualcosa", "CONSEGNA: senza riferimento"]
    found = [build.item(subject, date=date) for subject in subjects]
    return found + found[::2]


def told(campaign: Campaign) -> list[object]:
    """What the rows say, without ids, references and times of their making."""
    names = {row.ref: f"ref{number}" for number, row in enumerate(campaign.messages.order_by("pk"))}

    def plain(text: str) -> str:
        for ref, name in names.items():
            text = text.replace(ref, name)
        return re.sub(r" 0{6}[0-9]{10}$", " own code", text)

    lines = {row.pk: row.line for row in campaign.messages.all()}
    messages = campaign.messages.order_by("pk").values_list(
        "line", "state", "status", "verdict", "flags", "declared", "accepted_at", "decided_at"
    )
    attempts = Attempt.objects.filter(message__campaign=campaign).order_by("message", "n")
    kept = Receipt.objects.filter(mailbox=campaign.mailbox)
    incidents = Incident.objects.filter(message__campaign=campaign)
    return [
        list(messages),
        [(lines[row.message_id], row.n, row.outcome, row.code[:2]) for row in attempts],
        sorted((plain(row.subject), lines.get(row.message_id or 0, 0), row.problem, row.kind) for row in kept),
        sorted((lines[row.message_id], row.kind) for row in incidents),
    ]


def test_a_page_says_the_same_as_its_items_one_by_one_in_any_order() -> None:
    whole, single, shuffled = world(), world(), world()
    page = items(whole)

    in_order, mixed = _as_if(page, whole, single), _as_if(page, whole, shuffled)

    count = intake.take(whole.mailbox, page)
    ones = sum(intake.take(single.mailbox, [item]) for item in in_order)
    random.Random(7).shuffle(mixed)
    halves = sum(intake.take(shuffled.mailbox, mixed[part::2]) for part in range(2))

    assert count == ones == halves == len({item.subject for item in page})
    assert told(whole) == told(single) == told(shuffled)
    assert {row.outcome for row in Attempt.objects.filter(message__campaign=whole)} == {
        Outcome.ACCEPTED,
        Outcome.NOT_SENT,
    }
    assert Incident.objects.filter(message__campaign=whole).exists()
    declared = whole.messages.get(line=8)  # its acceptance proves what a person had only said
    assert (declared.declared, declared.attempts.get().code) == ("", CODE)
    assert not whole.messages.filter(attempts__outcome=Outcome.UNCERTAIN).exists()


def test_a_page_that_comes_again_changes_nothing() -> None:
    campaign = world()
    page = items(campaign)
    intake.take(campaign.mailbox, page)
    before = told(campaign)

    assert intake.take(campaign.mailbox, page) == 0

    assert told(campaign) == before


def test_a_page_costs_no_more_statements_than_one_item() -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED] * 26)
    date = format_datetime(timezone.now())
    codes = campaign.messages.order_by("pk").values_list("ref", "attempts__code")
    page = [build.item(f"CONSEGNA: Avviso Rif. {ref} {code}", date=date) for ref, code in codes]

    with CaptureQueriesContext(connection) as one:
        intake.take(campaign.mailbox, page[:1])
    with CaptureQueriesContext(connection) as many:
        intake.take(campaign.mailbox, page[1:])

    assert Message.objects.filter(status=Shown.DELIVERED).count() == 26
    assert len(many) == len(one)


def _as_if(found: list[InboxItem], first: Campaign, second: Campaign) -> list[InboxItem]:
    """The same mails, for another campaign of the same kind."""
    pairs = zip(first.messages.order_by("pk"), second.messages.order_by("pk"), strict=True)
    names = {ours.ref: theirs for ours, theirs in pairs}
    codes = {
        code: other.attempts.values_list("code", flat=True).first() or CODE
        for ours, other in names.items()
        for code in Message.objects.filter(ref=ours).values_list("attempts__code", flat=True)
        if code
    }
    return [_renamed(item, {ref: row.ref for ref, row in names.items()} | codes) for item in found]


def _renamed(item: InboxItem, names: dict[str, str]) -> InboxItem:
    words = [names.get(word, word) for word in item.subject.split(" ")]
    return build.item(" ".join(words), date=item.date)
