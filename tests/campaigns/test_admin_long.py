"""Lists of the console of which there may be millions of rows: never counted, never read whole, paged by id."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.admin.sent import MessageAdmin
from campaigns.models import Campaign, Message, Receipt
from campaigns.states import Shown
from campaigns.tracking import desk
from pecportal.journal.models import Entry
from pecportal.journal.record import record
from pecportal.organisations.models import User
from tests.campaigns import build

pytestmark = pytest.mark.django_db
LONG = ["message", "attempt", "receipt", "reservation", "recipient", "messagecontent", "ownfile", "inboxscan", "search"]


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))
    return client


@pytest.fixture
def campaign() -> Campaign:
    made = build.started(statuses=[Shown.DELIVERED, Shown.QUEUED, Shown.UNCERTAIN])
    for row in made.messages.exclude(status=Shown.QUEUED):
        build.receipt(row, "acceptance")
    return made


def queries(operator: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        assert operator.get(url).status_code == 200
    return [query["sql"] for query in asked.captured_queries]


@pytest.mark.parametrize("name", LONG)
def test_no_long_list_is_counted_or_sorted_by_anything_but_its_id(
    operator: Client, campaign: Campaign, name: str
) -> None:
    asked = queries(operator, reverse(f"admin:campaigns_{name}_changelist"))

    table = f'"campaigns_{name}"'
    about = [sql for sql in asked if f"FROM {table}" in sql]
    assert about
    assert [sql for sql in about if "COUNT(" in sql.upper() or "DISTINCT" in sql.upper()] == []
    assert all(sql.upper().count("ORDER BY") == 1 and " LIMIT 51" in sql for sql in about)


@pytest.mark.parametrize("name", ["message", "attempt", "receipt"])
def test_a_longer_list_asks_no_more_questions(operator: Client, campaign: Campaign, name: str) -> None:
    url = reverse(f"admin:campaigns_{name}_changelist")
    queries(operator, url)
    few = len(queries(operator, url))
    for line in range(10, 30):
        build.receipt(build.message(campaign, line=line, status=Shown.ACCEPTED), "acceptance")

    assert len(queries(operator, url)) == few


def test_pages_go_by_id_back_and_forth(operator: Client, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MessageAdmin, "list_per_page", 2)
    url = reverse("admin:campaigns_message_changelist")
    newest = list(Message.objects.order_by("-pk").values_list("ref", flat=True))

    first = operator.get(url)
    second = operator.get(url + first.context["cl"].older_url)
    back = operator.get(url + second.context["cl"].newer_url)

    assert [row.ref for row in first.context["cl"].result_list] == newest[:2]
    assert [row.ref for row in second.context["cl"].result_list] == newest[2:]
    assert [row.ref for row in back.context["cl"].result_list] == newest[:2]
    assert "2 results" not in first.content.decode()
    assert first.context["cl"].newer_url == second.context["cl"].older_url == ""


@pytest.mark.parametrize("typed", ["{ref}", "rif. {ref}", "{ref}-2", " {low} "])
@pytest.mark.parametrize("name", ["message", "attempt"])
def test_a_message_is_found_by_its_reference(operator: Client, campaign: Campaign, name: str, typed: str) -> None:
    row = campaign.messages.get(status=Shown.DELIVERED)

    found = operator.get(
        reverse(f"admin:campaigns_{name}_changelist"), {"q": typed.format(ref=row.ref, low=row.ref.lower())}
    ).context["cl"]

    assert [each.ref for each in found.result_list] == [row.ref]


def test_an_attempt_is_found_by_the_providers_code(operator: Client, campaign: Campaign) -> None:
    attempt = campaign.messages.get(status=Shown.DELIVERED).attempts.get()

    found = operator.get(reverse("admin:campaigns_attempt_changelist"), {"q": attempt.code}).context["cl"]

    assert list(found.result_list) == [attempt]


def test_messages_are_filtered_by_status_within_a_campaign_alone(operator: Client, campaign: Campaign) -> None:
    url = reverse("admin:campaigns_message_changelist")
    build.message(build.started(campaign.created_by), status=Shown.DELIVERED)

    of_one: dict[str, str | int] = {"campaign__id__exact": campaign.pk}
    chosen = operator.get(url, {**of_one, "of_status": "delivered"}).context["cl"]
    assert [row.status for row in chosen.result_list] == [Shown.DELIVERED]
    assert len(operator.get(url, {"of_status": "delivered"}).context["cl"].result_list) == 4
    assert operator.get(url, {"state__exact": "uncertain"}).status_code == 400


@pytest.mark.parametrize(("view", "lines"), [("open", 1), ("ignored", 1), ("linked", 1), ("", 5)])
def test_receipts_are_listed_by_what_people_did_with_them(
    operator: Client, campaign: Campaign, view: str, lines: int
) -> None:
    for number in range(3):
        build.unmatched(campaign.mailbox, f"CONSEGNA: Avviso {number}")
    one, two, _three = Receipt.objects.filter(message=None).order_by("pk")
    desk.put_aside(one, actor=campaign.created_by)
    desk.link(two, ref=campaign.messages.get(status=Shown.DELIVERED).ref, actor=campaign.created_by)

    found = operator.get(reverse("admin:campaigns_receipt_changelist"), {"on_desk": view} if view else {})

    assert len(found.context["cl"].result_list) == lines


def test_the_journal_is_a_long_list_too(operator: Client) -> None:
    for number in range(3):
        record(f"trial.{number}")

    asked = queries(operator, reverse("admin:journal_entry_changelist"))

    assert [sql for sql in asked if "COUNT(" in sql and "journal_entry" in sql] == []
    assert Entry.objects.filter(action__startswith="trial.").count() == 3
