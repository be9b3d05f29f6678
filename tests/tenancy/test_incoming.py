"""No file that a browser would run comes in as a harmless one, by whichever door; what may be sent as it is goes out
again as a download alone.
"""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.conf import settings as portal
from django.core.handlers.wsgi import WSGIRequest
from django.db import models, transaction
from django.urls import resolve, reverse

from campaigns.models import Attachment, Intake, OwnFile
from pecportal.api.parsers import StrictJson
from pecportal.permissions import PEOPLES, Role
from tests import build
from tests.api import test_matrix as api
from tests.api.world import populate as populate_api
from tests.jobs import Jobs
from tests.tenancy import incoming, outgoing, routes, world
from tests.tenancy.incoming import ARCHIVES, DOORS, FORMS, House, address_of
from tests.tenancy.test_matrix import PORTAL, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert("canarino")</script></svg>'
BARE = SVG.partition(b"?>")[2]
PAGE = b'<!doctype html><html><script>alert("canarino")</script></html>'
FILES = {
    "a drawing with a script": ("logo.svg", SVG),
    "a drawing that begins at once": ("logo.svg", BARE),
    "a page with a script": ("pagina.html", PAGE),
    "a page called PDF": ("finto.pdf", PAGE),
    "a drawing called PNG": ("logo.png", SVG),
    "a page called signed": ("finto.pdf.p7m", PAGE),
}
AS_TEXT = {
    "fattura.xml": SVG,
    "nota.txt": PAGE,
    "elenco.csv": PAGE,
    "disegno.csv": BARE,
}  # what such files may well hold
OURS = ("campaigns", "mailboxes", "pecportal")
NO = re.compile(
    r"may not be attached\. Allowed are|not what its name says|is not a list|no JSON|damaged|no picture|"
    r"neither a PDF|an \.eml or \.pdf file"
)
TAKES_TEXT = {
    *(
        "campaigns:attachments",
        "campaigns:own",
        "api:campaign_attachments/common",
        "api:campaign_attachments/recipient",
    ),
    *("api:campaign_attachments/column", "api:messages", "api:compat_send"),
}


@pytest.fixture
def house() -> House:
    return incoming.house(build.organisation())


def test_every_form_with_a_file_is_at_a_known_door() -> None:
    """A new form fails here until its door is in `incoming.DOORS`, and so is knocked at below."""
    resolve("/")  # all views are loaded, and with them their forms
    ours = [form for form in _below(forms.BaseForm) if form.__module__.startswith(OURS)]
    with_files = {
        form.__name__
        for form in ours
        if any(isinstance(field, forms.FileField) for field in getattr(form, "base_fields", {}).values())
    }

    assert with_files == set(FORMS)
    assert set().union(*FORMS.values()) <= {address_of(door) for door in DOORS}
    rows = [field for model in apps.get_models() for field in model._meta.get_fields()]
    assert not [field for field in rows if isinstance(field, models.FileField)]  # nor does the console take any


def test_every_page_that_looks_at_files_is_a_known_door(house: House) -> None:
    office = house.draft.organisation
    own = {**world.populate(office), "a kind of paper": "identity"}
    own["campaign"], own["mailbox"] = house.draft.pk, house.box.pk
    doubt = {"campaign": house.attempt.message.campaign_id, "message": house.attempt.message_id}
    client, asking = signed_in(build.user(office, *(Role(role) for role in PEOPLES))), set()

    with _looked_at() as found:
        for route in PORTAL:
            view = resolve(routes.address(route, own)).func
            if not view.__module__.startswith(OURS):
                continue  # the library's pages hand all of a request to their forms, which have no field for a file
            objects = {**own, **doubt} if route.name == "campaigns:doubt" else own
            before, mark = len(found), transaction.savepoint()
            client.post(routes.address(route, objects))
            transaction.savepoint_rollback(mark)
            asking |= {route.name} if len(found) > before else set()

    assert asking == {address_of(door) for door in DOORS if not door.startswith("api:")}


@contextmanager
def _looked_at() -> Iterator[list[str]]:
    """The paths of requests whose files a view asks for."""
    found: list[str] = []
    before = WSGIRequest.__dict__["FILES"]

    def noted(request: WSGIRequest) -> Any:
        found.append(request.path)
        return before.__get__(request, WSGIRequest)

    WSGIRequest.FILES = property(noted)  # type: ignore[assignment]
    try:
        yield found
    finally:
        WSGIRequest.FILES = before  # type: ignore[method-assign]


def test_every_resource_that_reads_more_than_json_is_a_known_door(house: House) -> None:
    own = populate_api(house.draft.organisation, build.user(house.draft.organisation, Role.PREPARER))
    reading = {
        route.name
        for route in api.RESOURCES
        if tuple(resolve(api.address(route, own)).func.view_class.parser_classes) != (StrictJson,)  # type: ignore[attr-defined]
    }

    assert reading == {address_of(door) for door in DOORS if door.startswith("api:")}


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    each: type[Any]
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


@pytest.mark.parametrize("door", DOORS)
def test_what_a_browser_would_run_does_not_come_in(house: House, door: str) -> None:
    before = _kept()

    for what in FILES:
        answer = DOORS[door](house, *FILES[what])

        assert answer.status_code in (400, 409, 422), f"{what}: {answer.content.decode()[:500]}"
        assert NO.search(_words(answer)), f"{what}: {_words(answer)}"
        assert b"<script>alert" not in answer.content, what
    assert _kept() == before


@pytest.mark.parametrize("door", ARCHIVES)
def test_nor_in_an_archive(transactional_db: None, house: House, jobs: Jobs, door: str) -> None:
    for what in FILES.values():
        assert ARCHIVES[door](house, *what).status_code in (202, 302)
        jobs.run()
        intake = Intake.objects.latest("pk")
        [(name, why)] = intake.refused
        assert name == what[0]
        assert NO.search(str(why))

    assert not OwnFile.objects.exists()


@pytest.mark.parametrize("door", DOORS)
def test_what_may_be_text_goes_out_as_a_download_alone(house: House, door: str) -> None:
    """Marked text is what such files hold: it is sent on, and no browser is given it to show."""
    for name, content in AS_TEXT.items():
        answer = DOORS[door](house, name, content)

        if door not in TAKES_TEXT:
            assert answer.status_code in (400, 409, 422), f"{name}: {answer.content.decode()[:500]}"
            assert NO.search(_words(answer)), name
            continue
        assert answer.status_code in (201, 302), f"{name}: {answer.content.decode()[:500]}"
        for url in _addresses():
            found: Any = house.program.get(url) if url.startswith("/api/") else house.person.get(url)
            assert b"".join(found.streaming_content) == content
            assert outgoing.faults(found) == []


def _addresses() -> list[str]:
    """Where the file that came in last is handed out."""
    common, own = Attachment.objects.order_by("pk").last(), OwnFile.objects.order_by("pk").last()
    file = common or own
    assert file is not None
    page = "campaigns:attachment" if common else "campaigns:own_file"
    pages = [reverse(page, args=[file.campaign_id, file.pk])]
    if own is not None and own.campaign.stream_day:
        return pages  # a message's: it is no file of a draft
    named = {"public_id": file.campaign.public_id, "attachment_id": file.public_id}
    return [*pages, reverse("api:campaign_attachment", kwargs=named)]


def _kept() -> set[Path]:
    return {path for path in Path(portal.MEDIA_ROOT).rglob("*") if path.is_file()}


def _words(answer: Any) -> str:
    """What is told: of a page its list of faults."""
    text: str = answer.content.decode()
    if answer.headers["Content-Type"].startswith("text/html"):
        found = re.search(r'<div class="alert alert-danger.*?</div>', text, re.DOTALL)
        return html.unescape(found[0]) if found else ""
    return text
