"""Whatever is handed out as a file is a download, by one header, under a name that can do nothing in it."""

import hashlib
import io
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve
from rest_framework.renderers import JSONRenderer

from campaigns.models import Campaign, Decision, ListReading
from campaigns.preparing import letters
from mailboxes.models import Mailbox
from mailboxes.models.papers import PaperKind
from pecportal import downloads, filenames, stored
from pecportal.organisations.models import Organisation
from pecportal.permissions import PEOPLES, Role
from tests import build
from tests.api import test_matrix as api
from tests.api import world as api_world
from tests.api.build import program
from tests.mailboxes import build as boxes
from tests.tenancy import outgoing, routes, world
from tests.tenancy.test_doors import EXPORTS, FILES
from tests.tenancy.test_matrix import PORTAL, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]
NAMES = {
    "a header": "nota.pdf\r\nSet-Cookie: canarino=1\r\n\r\n<script>",
    "a line's end": "nota.pdf\n",
    "quotes": 'una "bella" nota\\".pdf',
    "other letters": "договор-契約-perché – 100%.pdf",
    "a way up": "../../../etc/passwd",
    "a way up of Windows": "..\\..\\avvio.ini",
    "an absolute way": "/etc/città/passwd",
    "nothing in it": "no\0ta.pdf\0.exe",
    "read from behind": "ricevuta\u202efdp.exe",
    "much too long": "n" * 300 + ".pdf",
    "much too long, of other letters": "à" * 300 + ".pdf",
    "a device": "con.pdf",
    "dots": "..",
    "none": "",
    "another header": 'x.pdf"; filename="x.html',
}
# the library's, of one's own codes: its name and type are fixed
ELSEWHERE = {"mfa_download_recovery_codes"}
SHOWN = {"mailboxes:page_picture"}  # within the page, redrawn from its pixels
OUT = (EXPORTS | FILES) - ELSEWHERE


class House:
    """An office with one of every file, and those who may have them."""

    def __init__(self, office: Organisation) -> None:
        robot, key = program(office)
        self.robot = Client(headers={"Authorization": f"Bearer {key.text}"})
        self.person = signed_in(build.user(office, *(Role(role) for role in PEOPLES)))
        self.api = api_world.populate(office, robot)
        self.own: dict[str, Any] = dict(world.populate(office))
        draft = Campaign.objects.get(pk=self.own["drafted"])
        written = letters.Written(
            letterhead=None, file_name="lettera", subject="Avviso", protocol="", place="", dated=None, body="Testo."
        )
        letters.save(draft, written, actor=draft.created_by)
        stored.keep("proofs/1", io.BytesIO(b"Subject: y\r\n\r\n"))
        digest = hashlib.sha256(b"Subject: y\r\n\r\n").hexdigest()
        Decision.objects.filter(pk=self.own["decision"]).update(proof_stored_as="proofs/1", proof_sha256=digest)
        for row in (Mailbox.objects.get(pk=self.own["mailbox"]), Mailbox.objects.get(public_id=self.api["mailbox"])):
            boxes.paper(row, PaperKind.FORM, boxes.pdf())

    def file(self, name: str) -> Any:
        """What an address answers."""
        if name.startswith("api:"):
            [route] = [route for route in api.RESOURCES if route.name == name]
            return self.robot.get(api.address(route, self.api))
        [route] = [route for route in PORTAL if route.name == name]
        of_draft = name in ("campaigns:faulty_file", "campaigns:letter_sample")
        return self.person.get(
            routes.address(route, {**self.own, **({"campaign": self.own["drafted"]} if of_draft else {})})
        )


@pytest.fixture
def house() -> House:
    return House(build.organisation())


def call_all(name: str) -> int:
    """Call everything that has a name by this one, behind the back of whatever cleans names; how many there were."""
    count = 0
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if not isinstance(field, models.CharField) or not field.name.endswith("name") or field.choices:
                continue
            if not model.__module__.startswith(("campaigns", "mailboxes", "pecportal")):
                continue
            try:
                with transaction.atomic():
                    told = f"{name}.csv" if model is ListReading else name  # its ending says how it is read
                    count += model._base_manager.update(**{field.name: told})
            except IntegrityError:  # of which there is one of each name
                continue
    return count


def files_of_the_api() -> set[str]:
    """Resources that answer with something else than JSON."""
    views = {route.name: resolve(routes_of(route)).func.view_class for route in api.RESOURCES}  # type: ignore[attr-defined]
    return {
        name
        for name, view in views.items()
        if any(kind.media_type != JSONRenderer.media_type for kind in view.renderer_classes)
    }


def routes_of(route: routes.Route) -> str:
    return api.address(route, None)


def test_every_file_that_goes_out_is_told_as_such(house: House) -> None:
    """A new address that hands out a file fails here, or at the sets in `test_doors`, until it is among them."""
    found, wrong = set(), []
    for name in [route.name for route in (*PORTAL, *api.RESOURCES)]:
        if name == "account_logout":
            continue
        answer = house.file(name)
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if answer.streaming:
            answer.getvalue()
        if "Content-Disposition" in answer.headers:
            found.add(name)
            wrong += [f"{name}: {fault}" for fault in outgoing.faults(answer)]
        elif answer.status_code == 200 and kind not in ("text/html", "application/json") and name not in SHOWN:
            wrong.append(f"{name}: {kind}, which is no download")

    assert wrong == []
    assert found == OUT | files_of_the_api()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_no_name_can_do_anything_in_a_header(house: House, name: str) -> None:
    assert call_all(name) > 20

    wrong, called = [], dict[str, str]()
    for door in sorted(OUT | files_of_the_api()):
        answer = house.file(door)
        if answer.streaming:
            answer.getvalue()
        wrong += [f"{door}: {fault}" for fault in outgoing.faults(answer)]
        called[door] = "" if wrong else outgoing.name_of(answer)

    assert wrong == []
    kept_as = filenames.cleaned(name) or downloads.NAMELESS
    for door in ("campaigns:attachment", "campaigns:own_file", "campaigns:proof", "api:campaign_attachment"):
        assert called[door] == kept_as


@pytest.mark.parametrize("name", ["\ud800nota.pdf", "nota\udfff", "\x85\u2028\u2029"])
def test_nor_can_one_that_no_database_keeps(name: str) -> None:
    assert outgoing.faults(_nosniff(downloads.whole(b"", name=name, content_type="application/pdf"))) == []


def _nosniff(answer: HttpResponse) -> HttpResponse:
    """As the middleware leaves it."""
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("lettera.pdf", 'attachment; filename="lettera.pdf"'),
        ("perché €.pdf", "attachment; filename*=utf-8''perch%C3%A9%20%E2%82%AC.pdf"),
        ("a/b\\c.pdf", 'attachment; filename="c.pdf"'),
        ("a;b,c.pdf", 'attachment; filename="a;b,c.pdf"'),
        ("\r\n", 'attachment; filename="file"'),
    ],
)
def test_a_name_is_told_as_the_standard_says(name: str, header: str) -> None:
    answer = downloads.whole(b"", name=name, content_type="application/pdf")

    assert answer.headers["Content-Disposition"] == header
