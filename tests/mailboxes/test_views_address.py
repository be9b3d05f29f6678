"""The address's page: what is asked of the vendor while somebody types, and what is said of its answer."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mailboxes import asking
from mailboxes.models import Mailbox
from pecportal import vendor as vendors
from pecportal.organisations.models import User
from tests.mailboxes import build
from tests.mailboxes.pages import words
from tests.mailboxes.trouble import TroubledSandbox
from tests.mailboxes.wizard import post_step, url

pytestmark = pytest.mark.django_db(transaction=True)


# --- whether an address is free


def check(browser: Client, address: str) -> str:
    """What both ways of asking say, which is the same."""
    posted = words(browser.post(reverse("mailboxes:start"), {"address": address, "check": "1"}))
    fragment = words(browser.get(reverse("mailboxes:availability"), {"address": address}))
    assert fragment in posted
    return fragment.replace(" @", "@")  # where a narrow screen may break the line


def test_a_free_address_is_told_free_and_nothing_is_stored(browser: Client, vendor: TroubledSandbox) -> None:
    assert "libera@pecmassiva.com is free" in check(browser, "libera@pecmassiva.com")
    assert not Mailbox.objects.exists()


@pytest.mark.parametrize("as_error", [False, True])
def test_a_taken_address_is_told_taken(browser: Client, vendor: TroubledSandbox, as_error: bool) -> None:
    vendor.taken_as_error = as_error

    assert "occupata@pecmassiva.com is taken" in check(browser, "occupata@pecmassiva.com")


def test_other_addresses_that_the_vendor_offers_are_shown(browser: Client, vendor: TroubledSandbox) -> None:
    offer = {"success": True, "data": {"available": False, "proposte": ["altra1@pecmassiva.com"]}, "message": "Presa"}
    for _time in range(2):
        vendor.answer("GET", "/verifica_pec", 200, offer)

    told = check(browser, "presa@pecmassiva.com")

    assert "altra1@pecmassiva.com" in told
    assert "“Presa”" in told


def test_our_own_proposals_are_not_called_free_before_they_are_checked(
    browser: Client, vendor: TroubledSandbox
) -> None:
    told = check(browser, "occupata@pecmassiva.com")
    assert "Whether they are free is not known" in told
    proposed = re.findall(r"Check (\S+@pecmassiva.com)", told)
    assert len(proposed) > 1
    assert not any(f"{address} is free" in told for address in proposed)
    assert not any(proposed[0].partition("@")[0] in call for call in vendor.calls)

    page = browser.post(
        reverse("mailboxes:start"), {"name": "occupata", "domain": "legalmail.it", "check": proposed[0]}
    )

    assert f"{proposed[0]} is free" in words(page)
    assert f'value="{proposed[0].partition("@")[0]}"' in page.content.decode()


def typing(browser: Client, name: str) -> str:
    asked = {"name": name, "domain": "pecmassiva.com", "typing": "1"}
    return words(browser.get(reverse("mailboxes:availability"), asked))


def test_while_somebody_types_an_address_is_asked_for_once_and_never_too_early(
    browser: Client, vendor: TroubledSandbox
) -> None:
    assert typing(browser, "") == typing(browser, "ab") == typing(browser, "è") == ""
    assert "no accents" in typing(browser, "perché")
    assert [call for call in vendor.calls if "verifica" in call] == []

    for _time in range(3):
        assert "tributi@pecmassiva.com is free" in typing(browser, "tributi")
    assert len([call for call in vendor.calls if "verifica" in call]) == 1
    check(browser, "tributi@pecmassiva.com")
    assert len([call for call in vendor.calls if "verifica" in call]) == 3


def test_whoever_types_too_much_presses_the_button(browser: Client, vendor: TroubledSandbox) -> None:
    for number in range(asking.A_MINUTE):
        assert "is free" in typing(browser, f"nome{number}")

    assert "Not checked: many addresses" in typing(browser, "ancora")
    assert "ancora@pecmassiva.com is free" in check(browser, "ancora@pecmassiva.com")


def test_an_installation_may_ask_only_when_the_button_is_pressed(
    browser: Client, vendor: TroubledSandbox, settings: Settings
) -> None:
    settings.MAILBOX_CHECK_WHILE_TYPING = False

    assert typing(browser, "tributi") == ""
    assert 'hx-trigger="input' not in browser.get(reverse("mailboxes:start")).content.decode()
    assert vendor.calls == []


def test_an_own_domain_that_is_not_certified_is_told(browser: Client, vendor: TroubledSandbox) -> None:
    assert "does not know altrui.example as a domain of certified mail" in check(browser, "x@altrui.example")
    assert "is a domain of certified mail" in check(browser, "x@prova.example")


def test_an_address_that_cannot_be_checked_is_told_with_the_vendors_words(
    browser: Client, vendor: TroubledSandbox
) -> None:
    for _time in range(2):
        vendor.refuse("GET", "/verifica_pec", 406, "only legalmail addresses can be checked")

    told = check(browser, "x@pecmassiva.com")

    assert "cannot check this address beforehand" in told
    assert "“only legalmail addresses can be checked”" in told


def test_a_vendor_that_does_not_answer_is_told_apart(browser: Client) -> None:
    assert "The provider does not answer just now" in check(browser, "x@pecmassiva.com")


def test_an_account_that_may_not_ask_is_told_apart(browser: Client, vendor: TroubledSandbox) -> None:
    for _time in range(2):
        vendor.refuse("GET", "/verifica_pec", 402, "Insufficient Credit in Wallet: 0")

    assert "has not enough credit" in check(browser, "x@pecmassiva.com")


def test_what_is_no_address_is_not_asked_for(browser: Client, vendor: TroubledSandbox) -> None:
    page = browser.get(reverse("mailboxes:availability"), {"address": "nessuno"})

    assert "This is no complete address" in words(page)
    assert not [call for call in vendor.calls if "verifica" in call]


def test_the_check_on_a_draft_keeps_its_address(browser: Client, clerk: User, vendor: TroubledSandbox) -> None:
    box = build.draft(clerk)

    page = post_step(browser, box, "address", {"address": "altra@pecmassiva.com", "check": "1"})

    assert "altra@pecmassiva.com is free" in words(page)
    assert build.fresh(box).address == build.ADDRESS


def test_every_failure_of_the_question_is_a_verdict(vendor: TroubledSandbox) -> None:
    vendor.answer("GET", "/verifica_pec", 200, b"<html>")

    assert asking.ask("x@pecmassiva.com", client=vendors.connect()).word == "unreachable"


def test_the_pages_of_a_draft_hold_no_script_or_style_of_their_own(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)

    for step in ("address", "kind", "applicant", "holder"):
        page = browser.get(url("step", box, step)).content.decode()
        assert re.findall(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)", page) == []
