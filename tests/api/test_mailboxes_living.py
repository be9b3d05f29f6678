"""A mailbox's later life over HTTP: renewed and revoked once, its space, its history, what it has sent."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from campaigns import usage
from campaigns.models import Campaign, Reservation
from campaigns.states import CampaignState
from mailboxes import gauge, tasks
from mailboxes.models import Mailbox, Order, Plan
from mailboxes.models.orders import OrderState
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.api.build import Caller, program
from tests.campaigns import build as campaigns
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(troubled: TroubledSandbox) -> Mailbox:
    """An active mailbox, a year of which costs 99 euros, as the vendor has it."""
    box = kernel.mailbox(vendor=troubled, plan=build.plan(), expires_at=None)
    tasks.refresh(box.pk)
    return build.fresh(box)


@pytest.fixture
def robot(box: Mailbox) -> tuple[User, Caller]:
    """A program of its organisation, and how it asks."""
    who, key = program(box.organisation, Role.MAILBOXES_READ, Role.MAILBOXES_WRITE)
    return who, Caller(key)


@pytest.fixture
def erp(robot: tuple[User, Caller]) -> Caller:
    return robot[1]


def url(box: Mailbox, name: str = "") -> str:
    return f"/api/v1/mailboxes/{box.public_id}/{name}"


def renew(erp: Caller, box: Mailbox, *, key: str = "", **others: Any) -> Any:
    """Ask for a year at its price, with the expiry as the API tells it."""
    wish = {"years": 1, "price": "99.00", "expires_at": erp.get(url(box)).json()["expires_at"]} | others
    return erp.post(url(box, "renew/"), wish, Idempotency_Key=key or str(uuid.uuid4()))


def renewals(troubled: TroubledSandbox) -> int:
    return sum("/rinnovo" in call for call in troubled.calls)


# --- renewal


def test_a_renewal_is_ordered_carried_out_and_told(
    troubled: TroubledSandbox, jobs: Jobs, box: Mailbox, robot: tuple[User, Caller]
) -> None:
    who, erp = robot
    wallet = troubled.wallet

    answer = renew(erp, box, years=2, price="198.00")

    assert answer.status_code == 202
    told = answer.json()
    assert (told["kind"], told["state"], told["years"], told["price"]) == ("renewal", "waiting", 2, "198.00")
    assert renewals(troubled) == 0
    jobs.run()
    found = erp.get(url(box)).json()
    assert found["order"]["state"] == "done"
    assert found["expires_at"] > box.expires_at.isoformat()  # type: ignore[union-attr]
    assert wallet - troubled.wallet == Decimal(198)
    assert Order.objects.get().by == who


def test_the_same_request_again_pays_nothing_more(
    troubled: TroubledSandbox, jobs: Jobs, box: Mailbox, erp: Caller
) -> None:
    expires = erp.get(url(box)).json()["expires_at"]
    first = renew(erp, box, key="one", expires_at=expires)
    jobs.run()
    again = renew(erp, box, key="one", expires_at=expires)

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert again.content == first.content
    jobs.run()
    assert renewals(troubled) == 1
    late = renew(erp, box, expires_at=expires)  # with a new key, but what it knows is of before
    assert late.status_code == 409
    assert "expiry has changed" in late.json()["detail"]
    assert erp.post(url(box, "renew/"), {}).json()["type"].endswith("/idempotency-key-missing/")


@pytest.mark.parametrize(
    ("others", "status", "pointer"),
    [
        ({"price": "98.00"}, 409, "/price"),
        ({"price": "99.00", "years": 2}, 409, "/price"),
        ({"years": 0}, 400, "/years"),
        ({"years": 11}, 400, "/years"),
        ({"years": "1"}, 400, "/years"),
        ({"price": "-1"}, 400, "/price"),
        ({"expires_at": "2027-03-31"}, 400, "/expires_at"),
    ],
)
def test_what_was_not_seen_is_not_paid(
    box: Mailbox, erp: Caller, others: dict[str, Any], status: int, pointer: str
) -> None:
    answer = renew(erp, box, **others)

    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (status, [pointer])
    assert not Order.objects.exists()


def test_a_second_order_waits_for_the_end_of_the_first(box: Mailbox, erp: Caller) -> None:
    assert renew(erp, box).status_code == 202
    assert renew(erp, box).status_code == 409
    assert Order.objects.count() == 1


def test_where_two_people_order_a_person_confirms(
    troubled: TroubledSandbox, jobs: Jobs, box: Mailbox, erp: Caller
) -> None:
    Organisation.objects.update(two_order=True)

    assert renew(erp, box).json()["state"] == "proposed"

    jobs.run()
    assert renewals(troubled) == 0
    assert erp.get(url(box)).json()["order"]["state"] == "proposed"


def test_a_lost_answer_of_the_provider_is_uncertain_and_not_repeated(
    troubled: TroubledSandbox, jobs: Jobs, box: Mailbox, erp: Caller
) -> None:
    troubled.lose("GET", f"/pec/{box.vendor_id}/rinnovo", taken=True)
    renew(erp, box)
    jobs.run()

    assert erp.get(url(box)).json()["order"]["state"] == "uncertain"
    assert renew(erp, box).status_code == 409
    assert renewals(troubled) == 1


# --- revocation


def test_a_revocation_is_ordered_by_the_mailboxs_address(jobs: Jobs, box: Mailbox, erp: Caller) -> None:
    wrong = erp.post(url(box, "revoke/"), {"address": "altro@prova.example"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (409, "/address")
    assert not Order.objects.exists()

    answer = erp.post(url(box, "revoke/"), {"address": box.address}, Idempotency_Key="one")
    again = erp.post(url(box, "revoke/"), {"address": box.address}, Idempotency_Key="one")

    assert (answer.status_code, answer.json()["kind"], answer.json()["price"]) == (202, "revocation", None)
    assert again.content == answer.content
    jobs.run()
    assert erp.get(url(box)).json()["state"] == "revoked"
    assert erp.post(url(box, "revoke/"), {"address": box.address}).status_code == 409


# --- space and history


def test_its_space_is_told_as_it_was_read_last(box: Mailbox, erp: Caller) -> None:
    empty = erp.get(url(box, "quota/")).json()
    assert (empty["used_bytes"], empty["percent"], empty["read_at"]) == (None, None, None)

    gauge.keep(box, used=97, limit=100)

    told = erp.get(url(box, "quota/")).json()
    assert (told["used_bytes"], told["limit_bytes"], told["percent"], told["is_full"]) == (97, 100, 97, True)
    assert told["read_at"].endswith("Z")
    assert "full" in erp.get(url(box)).json()["cannot_send_because"]


def test_its_history_is_told_from_the_beginning_page_by_page(jobs: Jobs, box: Mailbox, erp: Caller) -> None:
    renew(erp, box)
    jobs.run()

    whole = erp.get(url(box, "timeline/")).json()
    codes = [each["code"] for each in whole["items"]]
    assert codes == ["renewal.ordered", "active", "renewal.done"]
    assert {"at", "code", "words", "learned", "who", "detail"} == set(whole["items"][0])
    found, cursor = [], ""
    while cursor is not None:
        page = erp.get(url(box, f"timeline/?limit=1&cursor={cursor}")).json()
        found += page["items"]
        cursor = page["next"]
    assert found == whole["items"]
    assert erp.get(url(box, "timeline/?cursor=x")).status_code == 400


# --- what it has sent


@pytest.fixture
def stream(box: Mailbox) -> Campaign:
    return Campaign.objects.create(
        organisation=box.organisation,
        mailbox=box,
        name="Avvisi",
        state=CampaignState.RUNNING,
        created_by=box.created_by,
        launched_at=timezone.now(),
    )


def sent(stream: Campaign, at: datetime, *, units: int = 1, released: bool = False) -> None:
    line = stream.messages.count() + 2
    attempt = campaigns.attempt(campaigns.message(stream, line=line))
    Reservation.objects.create(attempt=attempt, mailbox=stream.mailbox, at=at, units=units, released=released)


def test_what_it_sent_is_told_by_day_against_its_caps(stream: Campaign, box: Mailbox, erp: Caller) -> None:
    now = timezone.now()
    sent(stream, now)
    sent(stream, now, units=2)
    sent(stream, now, released=True)

    told = erp.get(url(box, "usage/?days=3")).json()

    assert (told["today"]["messages"], told["today"]["recipients"], told["today"]["cost"]) == (2, 3, "0.1000")
    assert len(told["days"]) == 3
    assert told["days"][-1] == told["today"]
    assert (told["caps"]["daily"], told["caps"]["plan"]) == (3500, "PEC Massiva Standard")
    assert (told["left"], told["free_at"]) == (3500 - 50 - 3, None)


def test_without_a_plan_there_are_no_caps_and_no_cost(stream: Campaign, box: Mailbox, erp: Caller) -> None:
    sent(stream, timezone.now())
    Mailbox.objects.update(plan=None)

    told = erp.get(url(box, "usage/")).json()

    assert (told["caps"], told["left"], told["today"]["messages"], told["today"]["cost"]) == (None, None, 1, None)


def test_days_and_months_are_those_of_the_plans_zone(stream: Campaign, box: Mailbox) -> None:
    now = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # 1 April, 0:30 in Rome
    sent(stream, now)
    sent(stream, now - timedelta(minutes=31))
    sent(stream, now - timedelta(days=40))

    found = usage.of(box, days=2, now=now)

    assert (found.today.messages, found.month.messages) == (1, 1)
    assert [(each.since.day, each.messages) for each in found.days] == [(31, 1), (1, 1)]
    Plan.objects.update(zone="UTC")
    found = usage.of(build.fresh(box), days=60, now=now)
    assert (found.today.messages, found.month.messages, found.days[0].messages) == (2, 2, 0)
    assert sum(each.messages for each in found.days) == 3


def test_more_days_than_a_year_are_refused(box: Mailbox, erp: Caller) -> None:
    for days in ("0", "367", "x"):
        answer = erp.get(url(box, f"usage/?days={days}"))
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "days")


def test_an_order_in_doubt_is_told_with_its_state(box: Mailbox, erp: Caller) -> None:
    renew(erp, box)
    Order.objects.update(state=OrderState.UNCERTAIN)

    assert erp.get(url(box)).json()["order"]["state"] == "uncertain"
