"""No page of the console, no list, search, filter or history, tells an operator contents or recipients.

A walk as an operator would make it: from the first page along every link, with each list searched as well.
"""

import html
import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from campaigns import auditing, tallying
from campaigns.models import BrokenItem, Campaign, Contact, ContactGroup, Recipient
from mailboxes import notices
from mailboxes.models.notices import NoticeKind
from pecportal import clock
from pecportal.admin import ShownOnlyAdmin
from pecportal.operation import liveness
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.planted import SECRETS, fill

pytestmark = [pytest.mark.django_db, pytest.mark.once]
LEAVING = ("/admin/logout/", "/admin/jsi18n/")
MOST = 2000


@pytest.fixture
def operator(client: Client) -> Client:
    liveness.expect()
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))
    return client


def world() -> None:
    """One of everything, and something on each desk."""
    fill()
    campaign = Campaign.objects.order_by("-pk").first()
    assert campaign is not None
    now = clock.now()
    for number in range(3):
        receipt = build.unmatched(campaign.mailbox, f"CONSEGNA: Oggetto segreto {number}")
        receipt.reason = receipt.body = "Testo segreto segreto@pec.example"
        receipt.save()
    broken = {"subject": "Oggetto segreto", "problem": "Parola segreta", "first_seen_at": now, "seen_at": now}
    BrokenItem.objects.create(mailbox=campaign.mailbox, key="a", **broken)
    contact = build.contact(campaign.created_by)
    Contact.objects.filter(pk=contact.pk).update(address="segreto@pec.example", name="Valore segreto")
    group = build.group(campaign.created_by)
    ContactGroup.objects.filter(pk=group.pk).update(name="Parola segreta")
    Recipient.objects.create(
        campaign=campaign, line=99, address="segreto@pec.example", values={"nome": "Valore segreto"}
    )
    notices.note(campaign.mailbox, NoticeKind.CREDENTIALS)
    tallying.run()
    auditing.run()


def links(page: str, url: str) -> Iterator[str]:
    """Where a page of the console leads, within it; and each list searched for what is secret."""
    for found in re.findall(r'(?:href|action|hx-get)="([^"]+)"', page):
        target = urldefrag(urljoin(url, html.unescape(found)))[0]
        is_one_more = "?" in target and "?" in url  # filters of filtered lists are all filters times all filters
        if target.startswith("/admin/") and not target.startswith(LEAVING) and not is_one_more and "?o=" not in target:
            yield target
            if target.endswith("/change/"):  # who knows the address finds it, although no link leads there
                yield target.removesuffix("change/") + "history/"
    if 'id="changelist-search"' in page and "q=" not in url:
        yield f"{url.partition('?')[0]}?q=segreto"


def walk(client: Client) -> dict[str, str]:
    """Every page that is reached, by its address; a form's address is asked for without its form."""
    waiting, met = deque(["/admin/"]), dict[str, str]()
    while waiting and len(met) < MOST:
        url = waiting.popleft()
        if url in met:
            continue
        answer = client.get(url, headers={"HX-Request": "true"} if "/board/" in url else {})
        assert answer.status_code < 500, url
        told = answer.content.decode() if answer.get("Content-Type", "").startswith("text/html") else ""
        met[url] = told + answer.headers.get("Location", "")
        waiting += [each for each in links(told, url) if each not in met]
    return met


@pytest.mark.slow
def test_no_page_that_an_operator_reaches_tells_contents_or_recipients(operator: Client) -> None:
    world()

    met = walk(operator)

    told = {url: re.sub(r'<input type="text"[^>]*name="q"[^>]*>', "", page) for url, page in met.items()}
    assert [(url, secret) for url, page in told.items() for secret in SECRETS if secret in page] == []
    lists = {
        reverse(f"admin:{each._meta.app_label}_{each._meta.model_name}_changelist") for each in admin.site._registry
    }
    assert lists <= met.keys()
    assert {f"/admin/console/{name}/" for name in ("doubts", "unmatched", "stuck", "quarantine", "queue")} <= met.keys()
    assert len([url for url in met if url.endswith("/history/")]) > 20
    assert len([url for url in met if url.endswith("/change/")]) > 40
    assert 200 < len(met) < MOST


SECRET_FIELDS = [
    (model, field.name)
    for model in apps.get_app_config("campaigns").get_models()
    for field in model._meta.get_fields()
    if isinstance(field, models.CharField | models.TextField | models.JSONField)
]


@pytest.mark.parametrize("model", {model for model, _name in SECRET_FIELDS}, ids=lambda model: model._meta.model_name)
def test_no_list_is_filtered_by_what_it_does_not_show(operator: Client, model: type[models.Model]) -> None:
    page = reverse(f"admin:campaigns_{model._meta.model_name}_changelist")
    its = admin.site._registry[model]
    shown = {*its.list_display, *(each if isinstance(each, str) else "" for each in its.list_filter)}

    asked = [name for of, name in SECRET_FIELDS if of is model and name not in shown]
    got = {name: operator.get(page, {f"{name}__contains": "s"}).status_code for name in asked}

    assert isinstance(its, ShownOnlyAdmin)
    assert {name: status for name, status in got.items() if status == 200} == {}


def test_a_search_for_a_recipient_finds_what_a_search_for_nobody_finds(operator: Client) -> None:
    world()

    for each in apps.get_app_config("campaigns").get_models():
        page = reverse(f"admin:campaigns_{each._meta.model_name}_changelist")
        its = admin.site._registry[each]
        if not its.search_fields:
            continue
        for term in ("segreto@pec.example", "Oggetto segreto", "Valore segreto"):
            found = operator.get(page, {"q": term}).context["cl"].result_list
            assert list(found) == [], (page, term)


def test_nothing_is_completed_for_an_operator_but_what_the_console_names(operator: Client) -> None:
    world()
    for model, its in admin.site._registry.items():
        for name in its.autocomplete_fields:
            query = {"app_label": model._meta.app_label, "model_name": str(model._meta.model_name), "field_name": name}
            told = operator.get(reverse("admin:autocomplete"), {**query, "term": "segret"}).content.decode()
            assert [secret for secret in SECRETS if secret in told] == [], (model, name)
    # what is no field to be completed is not searched by one
    query = {"app_label": "campaigns", "model_name": "recipient", "field_name": "values", "term": "s"}
    assert operator.get(reverse("admin:autocomplete"), query).status_code == 403
