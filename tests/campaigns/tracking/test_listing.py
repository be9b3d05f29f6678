"""Lists of messages page by page: all of them once, as filtered, of one organisation alone."""

import pytest

from campaigns.models import Campaign, Message
from campaigns.states import Shown
from campaigns.tracking import listing
from pecportal.organisations.models import Organisation
from tests.campaigns import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Organisation:
    """Campaigns large and small, two of them made at the same time, some without a status; and another office's."""
    monkeypatch.setattr(listing, "FEW", 5)
    clerk = build.clerk()
    for counts in ((4, 0), (1, 1), (1, 0), (0, 2), (9, 3), (2, 0)):
        build.started(clerk, statuses=[Shown.DELIVERED] * counts[0] + [Shown.EXPIRED] * counts[1])
    first, second = build.started(clerk), build.started(clerk)
    for line in range(2, 8):
        build.message(first, line=line, status=Shown.DELIVERED)
        build.message(second, line=line, status=Shown.EXPIRED)
    for campaign in Campaign.objects.all():
        Campaign.objects.filter(pk=campaign.pk).update(recipients_total=campaign.messages.count())
    build.started(statuses=[Shown.DELIVERED, Shown.EXPIRED])
    return build.organisation_of(clerk)


def wanted(office: Organisation, status: str) -> list[int]:
    rows = Message.objects.filter(campaign__organisation=office).order_by("-campaign_id", "-pk")
    return list((rows.filter(status=status) if status else rows).values_list("pk", flat=True))


@pytest.mark.parametrize("status", ["", "delivered", "expired", "failed"])
@pytest.mark.parametrize("size", [1, 3, 5, 100])
def test_every_message_of_the_office_is_on_one_page_and_the_same_way_back(
    office: Organisation, size: int, status: str
) -> None:
    order, found, edge = wanted(office, status), [], None
    while True:
        page = listing.of_organisation(office, status=status, after=edge, size=size)
        found += [row.pk for row in page.rows]
        if page.after is None:
            break
        edge = page.after
    assert found == order

    back: list[int] = []
    edge = order[-1] if order else None
    while edge is not None:
        page = listing.of_organisation(office, status=status, before=edge, size=size)
        back = [row.pk for row in page.rows] + back
        edge = page.before
    assert back == order[:-1]


def test_an_edge_that_is_no_message_gives_nothing(office: Organisation) -> None:
    assert listing.of_organisation(office, after=2**40).rows == []


def test_a_campaign_is_read_by_status_reference_and_part_of_an_address() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED, Shown.EXPIRED, Shown.DELIVERED])
    rows = list(campaign.messages.order_by("line"))

    def found(**filters: str) -> list[Message]:
        return list(listing.of_campaign(campaign, filters, edge={}).rows)

    assert found() == rows
    assert found(status="delivered") == [rows[0], rows[2]]
    assert found(q=rows[1].ref.lower()) == [rows[1]]
    assert found(q=rows[1].recipient[2:9]) == [rows[1]]
    assert found(q="pec.example", status="expired") == [rows[1]]
    assert found(q="nessuno") == []
