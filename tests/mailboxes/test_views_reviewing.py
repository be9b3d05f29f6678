"""The end of the wizard: two people in one draft, the review with its declaration, drafts that are discarded."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes.models import Application, Mailbox
from mailboxes.states import MailboxState
from pecportal.organisations.models import User
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import words
from tests.mailboxes.wizard import post_step, seen, url

pytestmark = pytest.mark.django_db(transaction=True)


# --- two people


def test_what_a_colleague_saved_is_shown_beside_ones_own_and_replaced_only_knowingly(
    browser: Client, clerk: User
) -> None:
    box = build.draft(clerk)
    opened = seen(browser, box, "holder")
    colleague = Client()
    colleague.force_login(build.keeper(build.office_of(clerk)))
    post_step(colleague, box, "holder", build.typed(build.HOLDER, cap_titolare="00118", seen=opened))

    mine = build.typed(build.HOLDER, cap_titolare="00199")
    page = post_step(browser, box, "holder", mine | {"seen": opened})

    assert page.status_code == 409
    told = words(page)
    assert "Somebody else saved this page meanwhile" in told
    assert "00118 00199" in told
    assert 'value="00199"' in page.content.decode()
    assert build.fresh(box).application.cap_titolare == "00118"
    again = re.search(r'name="seen" value="(\d+)"', page.content.decode())
    assert again is not None
    post_step(browser, box, "holder", mine | {"seen": again[1]})
    assert build.fresh(box).application.cap_titolare == "00199"


def test_data_that_changed_after_the_review_was_opened_are_looked_through_again(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)
    found = re.search(r'name="seen" value="(\d+)"', browser.get(url("review", box)).content.decode())
    assert found is not None
    post_step(browser, box, "holder", build.typed(build.HOLDER, cap_titolare="00118"))

    page = browser.post(url("submit", box), {"declaration": "I DECLARE", "seen": found[1]}, follow=True)

    assert "look through them again" in words(page)
    assert build.fresh(box).state == MailboxState.DRAFT


# --- the review


def test_the_review_says_everything_in_words(browser: Client, clerk: User) -> None:
    box = build.draft(clerk, tipo_documento="PASSAPORTO", numero_documento="YA0000000")

    page = browser.get(url("review", box))

    told = words(page)
    for expected in ("Passport", "YA0000000", "Italy", "Roma (RM)", "11/04/1982", "Local public body", "Municipality"):
        assert expected in told
    assert "99.00 € a year, plus VAT" in told
    assert "Prices as noted on" in told
    assert "within one or two working days" in told
    assert build.APPLICANT["email"] in told
    for step in ("address", "kind", "applicant", "holder"):
        assert f'href="{url("step", box, step)}"' in page.content.decode()


@pytest.mark.parametrize("typed", ["", "yes"])
def test_without_the_declaration_nothing_is_sent_and_everything_is_shown_again(
    browser: Client, clerk: User, jobs: Jobs, typed: str
) -> None:
    box = build.draft(clerk)

    page = browser.post(url("submit", box), {"declaration": typed})

    assert page.status_code == 422
    assert "Write I DECLARE to declare that the data are true." in words(page)
    assert "Rossi" in words(page)
    assert jobs.names() == []


def test_a_mailbox_whose_price_nobody_noted_says_so_before_it_is_sent(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)
    Mailbox.objects.filter(pk=box.pk).update(plan=None)

    assert "price of this mailbox is not noted" in words(browser.get(url("review", box)))


# --- drafts


def test_unfinished_registrations_are_listed_with_where_each_stopped(browser: Client, clerk: User) -> None:
    build.draft(clerk)
    browser.post(reverse("mailboxes:start"), {"address": "nuova@pecmassiva.com"})
    build.draft(address="altrui@pecmassiva.com")

    page = words(browser.get(reverse("mailboxes:index")))

    assert "nuova@pecmassiva.com Kind and plan" in page
    assert f"{build.ADDRESS} Review" in page
    assert str(clerk) in page
    assert "altrui" not in page


def test_a_draft_is_discarded_only_after_a_page_that_asks(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)

    asked = browser.get(url("discard", box))
    assert "Discard this registration?" in words(asked)
    assert "Nothing was ordered" in words(asked)
    assert build.fresh(box).state == MailboxState.DRAFT
    page = browser.post(url("discard", box), follow=True)

    assert "was discarded" in words(page)
    assert not Application.objects.exists()
    assert build.ADDRESS not in words(browser.get(reverse("mailboxes:index")))
    assert "This registration was discarded" in words(browser.get(box.get_absolute_url()))
    assert "was discarded, and its data were erased" in words(browser.get(url("step", box, "holder"), follow=True))
    assert build.ADDRESS not in words(browser.get("/"))


def test_what_was_sent_is_not_discarded(browser: Client, clerk: User) -> None:
    box = build.submitted(clerk)

    for method in (browser.get, browser.post):
        assert "Only a registration that was not sent can be discarded." in words(
            method(url("discard", box), follow=True)
        )
    assert Application.objects.exists()
