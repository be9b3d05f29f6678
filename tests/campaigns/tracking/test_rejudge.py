"""Everything judged anew, batch by batch; and nothing that came first or twice can change what is found."""

from io import StringIO

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import Attempt, Message, Receipt
from campaigns.states import MessageState, Outcome, Shown
from campaigns.tracking import intake, statuses
from pecportal.upstream.inbox import InboxItem
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def judged(*arguments: str) -> str:
    out = StringIO()
    call_command("rejudge", *arguments, stdout=out)
    return out.getvalue()


def settled() -> list[Message]:
    campaign = build.started(statuses=[Shown.SUBMITTED] * 5)
    rows = list(campaign.messages.order_by("pk"))
    for row in rows:
        build.receipt(row, "delivery")
    statuses.rejudge([row.pk for row in rows])
    return rows


def test_without_a_changed_rule_nothing_changes() -> None:
    settled()
    before = list(Message.objects.order_by("pk").values())

    assert judged("--batch", "2").endswith("5 messages judged, 0 changed.\n")
    assert list(Message.objects.order_by("pk").values()) == before


def test_what_differs_from_the_receipts_is_put_right_and_counted() -> None:
    rows = settled()
    Message.objects.filter(pk__in=[rows[0].pk, rows[3].pk]).update(verdict="none", status="submitted")

    assert judged("--batch", "2").endswith("5 messages judged, 2 changed.\n")
    assert Message.objects.filter(status=Shown.DELIVERED).count() == 5
    assert judged().endswith("5 messages judged, 0 changed.\n")


def test_it_goes_on_where_it_was_broken_off() -> None:
    rows = settled()
    Message.objects.update(verdict="none", status="submitted")
    first = next(statuses.rejudge_all(batch=2))
    assert first == (rows[1].pk, 2, 2)

    assert judged("--after", str(first[0])).endswith("3 messages judged, 3 changed.\n")
    assert Message.objects.filter(status=Shown.DELIVERED).count() == 5


def test_a_message_of_which_no_time_is_known_is_not_put_off_again_and_again() -> None:
    message = build.started(statuses=[Shown.SUBMITTED]).messages.get()
    Message.objects.update(sent_at=None)
    statuses.rejudge([message.pk])

    assert statuses.rejudge([message.pk]) == 0


def inbox(refs: list[str]) -> list[InboxItem]:
    """Everything that may come for a few messages, each item with a date of its own."""
    found = []
    for number, ref in enumerate(refs):
        code = f"{number:016d}"
        subjects = [
            f"ACCETTAZIONE: Avviso Rif. {ref} {code}",
            f"CONSEGNA: Avviso Rif. {ref}",
            f"AVVISO DI MANCATA CONSEGNA: Avviso Rif. {ref} {code}",
            f"AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: Avviso Rif. {ref} {code}",
            f"POSTA CERTIFICATA: Re: Avviso Rif. {ref}",
            f"CONSEGNA: Avviso Rif. {ref[:-1]}",
            "AVVISO NUOVO: qualcosa",
        ]
        found += [
            build.item(subject, date=f"Wed, 25 Nov 2026 10:{minute:02d}:{number:02d} +0100")
            for minute, subject in enumerate(subjects)
        ]
    return found


REFS = ["7KQ2M9ABC0", "7KQ2M9ABC1", "7KQ2M9ABC2"]
ITEMS = inbox(REFS)
PAGES = st.lists(st.lists(st.sampled_from(ITEMS), max_size=8), max_size=6)


class AnyOrder(TestCase):
    """Intake of any permutation and repetition of pages leads to the same rows."""

    @given(order=st.permutations(range(len(ITEMS))), size=st.integers(1, 9), repeated=PAGES)
    @hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    def test_any_order_and_repetition_of_pages_leads_to_the_same_rows(
        self, order: list[int], size: int, repeated: list[list[InboxItem]]
    ) -> None:
        campaign = build.started(statuses=[Shown.UNCERTAIN] * len(REFS))
        for row, ref in zip(campaign.messages.order_by("pk"), REFS, strict=True):
            Message.objects.filter(pk=row.pk).update(ref=ref)
            Attempt.objects.filter(message=row).update(ref=ref)
        mixed = [ITEMS[at] for at in order]
        pages = [mixed[start : start + size] for start in range(0, len(mixed), size)]
        for page in [page for pair in zip(pages, [*repeated, *([[]] * len(pages))], strict=False) for page in pair]:
            intake.take(campaign.mailbox, page)

        rows = Message.objects.filter(campaign=campaign).order_by("ref")
        told = [(row.ref, row.state, row.status, row.verdict, row.flags) for row in rows]
        state, shown = MessageState.SUBMITTED, Shown.DELIVERED
        assert told == [(ref, state, shown, "delivered", ["conflict"]) for ref in REFS]
        attempts = Attempt.objects.filter(mailbox=campaign.mailbox).order_by("ref")
        expected = [(ref, f"{number:016d}", Outcome.ACCEPTED) for number, ref in enumerate(REFS)]
        assert [(row.ref, row.code, row.outcome) for row in attempts] == expected
        receipts = Receipt.objects.filter(mailbox=campaign.mailbox)
        assert receipts.count() == len(ITEMS)
        assert receipts.filter(message=None).count() == 2 * len(REFS)
        assert receipts.filter(attempt__isnull=False).count() == 4 * len(REFS)
