"""Pages by key: each row on one page, forwards and backwards, whatever comes and goes meanwhile."""

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import RequestFactory

from campaigns.models import Message
from campaigns.states import Shown
from pecportal import keyset
from tests.campaigns import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines() -> list[int]:
    campaign = build.started(statuses=[Shown.SUBMITTED] * 7)
    return list(campaign.messages.order_by("line").values_list("line", flat=True))


def forwards(by: str, size: int) -> list[list[int]]:
    pages, edge = [], None
    while True:
        page = keyset.page(Message.objects.all(), by=by, size=size, after=edge)
        pages.append([row.line for row in page.rows])
        if page.after is None:
            return pages
        edge = page.after


def backwards(by: str, size: int, *, before: int) -> list[list[int]]:
    pages: list[list[int]] = []
    edge: int | None = before
    while edge is not None:
        page = keyset.page(Message.objects.all(), by=by, size=size, before=edge)
        pages.append([row.line for row in page.rows])
        edge = page.before
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("by", ["line", "-line"])
def test_every_row_is_on_one_page_in_order_and_the_same_way_back(lines: list[int], by: str, size: int) -> None:
    wanted = lines if by == "line" else lines[::-1]

    pages = forwards(by, size)
    assert [line for page in pages for line in page] == wanted

    back = backwards(by, size, before=wanted[-1])
    assert [line for page in reversed(back) for line in page] == wanted[:-1]
    assert [len(page) for page in back[:-1]] == [size] * (len(back) - 1)


def test_rows_that_leave_the_list_between_two_pages_shift_nothing(lines: list[int]) -> None:
    rows = Message.objects.filter(status=Shown.SUBMITTED)
    page = keyset.page(rows, by="line", size=3)
    Message.objects.filter(line__in=lines[:2]).update(status=Shown.ACCEPTED)

    following = keyset.page(rows, by="line", size=3, after=page.after)

    assert [row.line for row in following.rows] == lines[3:6]


def test_a_page_behind_the_end_is_empty() -> None:
    assert keyset.page(Message.objects.all(), by="line", size=3, after=99) == keyset.Page([], None, None)


@pytest.mark.parametrize(
    ("query", "edge"),
    [
        ("after=12", {"after": 12}),
        ("before=7&status=x", {"before": 7}),
        ("after=0", {"after": 0}),
        ("", {}),
        ("after=", {}),
        ("after=-3", {}),
        ("after=x&before=4", {"before": 4}),
        ("after=٣", {}),
        ("after=99999999999999999999999999", {}),
        ("page=3", {}),
    ],
)
def test_an_address_asks_for_an_edge_or_for_the_first_page(query: str, edge: dict[str, int]) -> None:
    assert keyset.asked(QueryDict(query)) == edge


def test_links_keep_the_filters_and_numbers_plain(rf: RequestFactory) -> None:
    page: keyset.Page[Message] = keyset.Page([], 120001, 120051)

    shown = render_to_string("_keyset.html", {"page": page}, request=rf.get("/?status=delivered&after=120000"))

    assert "?status=delivered&amp;before=120001" in shown
    assert "?status=delivered&amp;after=120051" in shown
    assert 'href="?status=delivered"' in shown
