"""What one send leaves behind, whatever the vendor answers."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Answer, Attempt, Campaign, Message, Reservation, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import endings, expired, launch, outcomes, pump
from campaigns.states import CampaignState, MessageState, Outcome, Phase
from mailboxes.models import Mailbox, Plan
from mailboxes.states import CredentialsState
from pecportal.sandbox import Sandbox
from pecportal.upstream.errors import RAW_LIMIT, OutcomeUnknown
from pecportal.upstream.massiva import Accepted
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def send() -> int:
    return pump.run()


def states(campaign: Campaign) -> list[str]:
    return list(Message.objects.filter(campaign=campaign).order_by("line").values_list("state", flat=True))


def test_every_message_is_sent_once_with_its_own_reference(box: Sandbox) -> None:
    campaign = running(messages=7)

    assert send() == 7

    assert states(campaign) == ["submitted"] * 7
    assert sorted(sent.recipient for sent in box.ledger) == [f"ditta{n}@prova.example" for n in range(7)]
    refs = set(Message.objects.values_list("ref", flat=True))
    assert {sent.subject.split("Rif. ")[1] for sent in box.ledger} == refs
    assert set(Attempt.objects.values_list("code", flat=True)) == {sent.code for sent in box.ledger}


def test_the_pump_run_again_sends_nothing(box: Sandbox) -> None:
    running(messages=3)
    send()

    assert send() == 0
    assert box.sent_count == 3


def test_a_lost_answer_leaves_the_message_uncertain_and_it_is_never_sent_again(box: Sandbox) -> None:
    campaign = running(messages=1)
    box.drop_next_answer(after_accepting=True)

    send()
    send()

    assert states(campaign) == ["uncertain"]
    assert box.sent_count == 1
    assert not Reservation.objects.get().released


REFUSALS = [400, 403, 404, 405, 413, 415, 422]
DOUBTS = [408, 409, 425, 500, 502, 503, 504]
REFUSED = b'{"success": false, "message": "Post parameter is not valid"}'


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_in_the_vendors_words_is_final(box: Sandbox, status: int) -> None:
    campaign = running(messages=1)
    box.fail_next(status, body=REFUSED)

    send()

    attempt = Attempt.objects.get()
    assert states(campaign) == ["failed"]
    assert (attempt.outcome, attempt.answer_status) == (Outcome.NOT_SENT, status)
    assert attempt.answer == "Post parameter is not valid"
    assert Reservation.objects.get().released
    assert box.sent_count == 0


@pytest.mark.parametrize("status", DOUBTS)
@pytest.mark.parametrize("taken", [True, False])
def test_an_answer_that_proves_nothing_leaves_a_doubt(box: Sandbox, status: int, taken: bool) -> None:
    campaign = running(messages=1)
    box.fail_next(status, after_accepting=taken, body=REFUSED)

    send()
    send()

    assert states(campaign) == ["uncertain"]
    assert box.sent_count == int(taken)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Bad gateway</html>",
        b'{"success": "true", "sent": 1, "message_id": "2020082610003492"}',
        b'{"success": true, "sent": 2, "message_id": "2020082610003492"}',
        b'{"success": true, "sent": 1, "message_id": "SMTP error"}',
        b'{"success": true, "sent": 1, "message_id": "20200826100034',
        b'"{\\"success\\": true, \\"sent\\": 1, \\"message_id\\": \\"2020082610003492\\"}"',
        b'\xef\xbb\xbf{"success": true, "sent": 1, "message_id": "2020082610003492"}',
        b'{"success": true, "sent": NaN, "message_id": "2020082610003492"}',
        b"[" * 100_000,
        b'{"success": false, "message": "SMTP connect() failed"}',
        b"",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_success_that_is_not_quite_one_leaves_a_doubt(box: Sandbox, body: bytes) -> None:
    campaign = running(messages=1)
    box.fail_next(201, body=body)

    send()

    assert states(campaign) == ["uncertain"]
    kept = [(answer.status, answer.body) for answer in Answer.objects.all()]
    assert kept == ([(201, body[:RAW_LIMIT].decode())] if body else [])


def test_an_answer_is_kept_as_it_came_once_and_whatever_is_learnt_later(box: Sandbox) -> None:
    running(messages=1)
    box.fail_next(502, body=b"<html>Bad\x00 \xffgateway</html>", headers={"Content-Type": "text/html"})
    send()
    attempt = Attempt.objects.get()
    ending = outcomes.failed(OutcomeUnknown("Late", status=502, raw=b"<html>Bad\x00 \xffgateway</html>"), failures=0)

    for _again in range(2):
        endings.finish([(attempt.message_id, attempt.pk, ending)])
    endings.finish([(attempt.message_id, attempt.pk, outcomes.accepted(Accepted("2020082610003492", b"{}")))])

    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.ACCEPTED
    assert attempt.answers.get().body == "<html>Bad\ufffd \ufffdgateway</html>"


def test_too_many_requests_are_waited_out_without_counting_a_failure(box: Sandbox) -> None:
    campaign = running(messages=1)
    box.fail_next(429, headers={"Retry-After": "1"}, body=REFUSED)

    send()
    send()

    assert states(campaign) == ["submitted"]
    assert [a.outcome for a in Attempt.objects.order_by("n")] == [Outcome.NOT_SENT, Outcome.ACCEPTED]
    assert Message.objects.get().failures == 0
    assert box.sent_count == 1


def test_the_second_attempt_has_a_reference_of_its_own(box: Sandbox) -> None:
    running(messages=1)
    box.fail_next(429, headers={"Retry-After": "1"}, body=REFUSED)
    send()
    send()

    ref = Message.objects.get().ref
    assert box.ledger[0].subject.endswith(f"Rif. {ref}-2")


def test_an_empty_wallet_holds_the_mailbox_and_loses_nothing(box: Sandbox, settings: Settings) -> None:
    settings.SENDING_PUMP_SECONDS = 2
    campaign = running(messages=2)
    for _ in range(2):
        box.fail_next(402, body=b'{"success": false, "message": "Insufficient credit"}')

    send()

    assert set(states(campaign)) <= {"queued", "submitted"}
    assert SendingLane.objects.get().hold == Hold.WALLET


def test_a_wrong_mailbox_password_stops_the_mailbox_until_it_is_entered_again(box: Sandbox, settings: Settings) -> None:
    settings.SENDING_PUMP_SECONDS = 3
    campaign = running(messages=3)
    box.create_mailbox(ADDRESS, "un'altra")

    send()

    assert set(states(campaign)) == {"queued"}
    assert Mailbox.objects.get().credentials_state == CredentialsState.REFUSED
    assert box.sent_count == 0
    assert send() == 0


def test_a_vendor_that_is_down_gets_nothing_and_loses_nothing(settings: Settings) -> None:
    settings.SENDING_PUMP_SECONDS = 2
    campaign = running(messages=2)  # the settings point to a port where nobody listens

    send()

    assert set(states(campaign)) == {"queued"}
    assert not Attempt.objects.filter(phase=Phase.WIRE).exists()
    assert not Reservation.objects.filter(released=False).exists()


def test_a_paused_campaign_sends_nothing_and_goes_on_where_it_was(box: Sandbox) -> None:
    campaign = running(messages=3)
    launch.pause(campaign, actor=campaign.created_by)

    assert send() == 0

    launch.resume(campaign, actor=campaign.created_by)
    assert send() == 3


def test_a_stopped_campaign_sends_none_of_what_waits(box: Sandbox) -> None:
    campaign = running(messages=3)

    assert launch.stop(campaign, actor=campaign.created_by).kept_back == 3

    assert send() == 0
    assert states(campaign) == ["cancelled"] * 3


def test_the_campaign_is_complete_when_nothing_is_left_to_send(box: Sandbox) -> None:
    campaign = running(messages=2)

    send()

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.COMPLETED


def test_the_plans_limit_is_not_passed_by_one(box: Sandbox, settings: Settings) -> None:
    settings.SENDING_PUMP_SECONDS = 2
    campaign = running(messages=6)
    Mailbox.objects.update(plan=Plan.objects.create(name="Prova", daily_limit=54, margin=50))

    send()
    send()

    assert box.sent_count == 4
    assert states(campaign).count("queued") == 2
    assert SendingLane.objects.get().hold == Hold.CAP


def claimed(campaign: Campaign) -> Attempt:
    """An attempt as a worker leaves it that died right after its claim."""
    message = Message.objects.filter(campaign=campaign).order_by("pk")[0]
    Message.objects.filter(pk=message.pk).move(MessageState.SENDING)
    attempt = Attempt.objects.create(
        message=message,
        mailbox=campaign.mailbox,
        n=1,
        ref=message.ref,
        fence=1,
        leased_until=timezone.now() - timedelta(seconds=1),
        claimed_at=timezone.now(),
    )
    Reservation.objects.create(attempt=attempt, mailbox=campaign.mailbox, at=timezone.now())
    return attempt


def test_what_never_reached_the_wire_is_queued_again(box: Sandbox) -> None:
    campaign = running(messages=1)
    attempt = claimed(campaign)

    assert expired.settle() == 1
    assert expired.settle() == 0

    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.NOT_SENT
    assert states(campaign) == ["queued"]
    assert Reservation.objects.get().released


def test_what_may_have_left_is_in_doubt_and_not_queued_again(box: Sandbox) -> None:
    campaign = running(messages=1)
    attempt = claimed(campaign)
    Attempt.objects.update(phase=Phase.WIRE, marked_at=timezone.now())

    assert expired.settle() == 1

    attempt.refresh_from_db()
    assert attempt.outcome == Outcome.UNCERTAIN
    assert states(campaign) == ["uncertain"]
    assert not Reservation.objects.get().released
    assert send() == 0


@pytest.mark.parametrize(
    ("late", "state", "outcome"),
    [
        (outcomes.accepted(Accepted("2020082610003492", b"{}")), "submitted", Outcome.ACCEPTED),
        (outcomes.aborted("it had not left"), "queued", Outcome.NOT_SENT),
    ],
    ids=["accepted", "not sent"],
)
def test_a_late_ending_settles_the_doubt(box: Sandbox, late: outcomes.Ending, state: str, outcome: Outcome) -> None:
    campaign = running(messages=1)
    attempt = claimed(campaign)
    Attempt.objects.update(phase=Phase.WIRE, marked_at=timezone.now())
    expired.settle()

    for _ in range(2):
        endings.finish([(attempt.message_id, attempt.pk, late)])

    attempt.refresh_from_db()
    assert attempt.outcome == outcome
    assert states(campaign) == [state]


def test_the_database_itself_forbids_a_second_living_attempt(box: Sandbox) -> None:
    from django.db import IntegrityError

    campaign = running(messages=1)
    attempt = claimed(campaign)

    with pytest.raises(IntegrityError):
        Attempt.objects.create(
            message=attempt.message,
            mailbox=attempt.mailbox,
            n=2,
            ref=f"{attempt.ref}-2",
            fence=1,
            leased_until=timezone.now(),
            claimed_at=timezone.now(),
        )
    assert connection.is_usable()


def test_at_a_pace_the_vendor_never_has_to_refuse(box: Sandbox, settings: Settings) -> None:
    settings.SENDING_RATE = 10.0
    box.rate = 10.0
    campaign = running(messages=12)

    send()

    assert states(campaign) == ["submitted"] * 12
    assert not Attempt.objects.exclude(outcome=Outcome.ACCEPTED).exists()
