"""The request that is shown is the request that went."""

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from campaigns import wire
from campaigns.models import Attempt, Route
from campaigns.sending import claims, feeding, lanes, pump
from campaigns.tracking import requests
from mailboxes.models import Mailbox
from pecportal.sandbox import Sandbox, serve
from tests.campaigns import build
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


class Tapped(Sandbox):
    """A simulated vendor that keeps what it was sent."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["RAW_PATH"] == "/send" and environ["REQUEST_METHOD"] == "POST":
            body, length = b"", int(environ["CONTENT_LENGTH"])
            while len(body) < length:  # it gives what has come so far
                body += environ["wsgi.input"].read(length - len(body))
            environ["wsgi.input"] = io.BytesIO(body)
            self.heard = (dict(environ), json.loads(body))
        return super().__call__(environ, start_response)


@pytest.fixture
def tapped(settings: Settings) -> Iterator[Tapped]:
    sandbox = Tapped(rate=0)
    with serve(sandbox) as server:
        for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
            setattr(settings, f"OPENAPI_{api}_URL", server.url)
        settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY = sandbox.email, sandbox.api_key
        sandbox.create_mailbox(ADDRESS, PASSWORD)
        yield sandbox


def headers(environ: dict[str, Any]) -> dict[str, str]:
    """Every header that came, by its name in capitals and underscores."""
    given = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
    return given | {"CONTENT_TYPE": environ["CONTENT_TYPE"], "CONTENT_LENGTH": environ["CONTENT_LENGTH"]}


def hidden(body: dict[str, Any]) -> dict[str, Any]:
    """What came, with the password and the files replaced as on our pages."""
    shown = body | {"password": wire.HIDDEN}
    if "attachments" in shown:
        shown["attachments"] = [_hidden_file(file) for file in shown["attachments"]]
    return shown


def _hidden_file(file: dict[str, str]) -> dict[str, object]:
    opening, _, encoded = file["file"].partition(";base64,")
    content = base64.b64decode(encoded)
    return {
        "name": file["name"],
        "content_type": opening.removeprefix("data:"),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }


@pytest.mark.parametrize("files", [0, 2])
def test_the_request_shown_is_the_one_that_the_vendor_got(tapped: Tapped, files: int) -> None:
    campaign = running(messages=1)
    for number in range(files):
        build.attach_to(campaign, f"Allegato {number}.\n".encode(), name=f"nota {number}.txt")

    pump.run()

    shown = requests.of(Attempt.objects.select_related("route", "message__content").get())
    assert shown is not None
    environ, body = tapped.heard
    assert body["password"] == PASSWORD
    assert shown.body == hidden(body)
    assert list(shown.body) == list(body)
    assert shown.method == environ["REQUEST_METHOD"]
    assert shown.url == f"http://{environ['HTTP_HOST']}{environ['RAW_PATH']}"
    heard = headers(environ)
    assert heard["AUTHORIZATION"].startswith("Bearer ")
    assert int(heard["CONTENT_LENGTH"]) > 0
    heard |= {"AUTHORIZATION": f"Bearer {wire.HIDDEN}", "CONTENT_LENGTH": wire.HIDDEN}
    assert {name.upper().replace("-", "_"): value for name, value in shown.headers.items()} == heard
    assert PASSWORD not in shown.as_text


def test_an_attempt_that_never_reached_the_wire_has_no_request(tapped: Tapped) -> None:
    running(messages=1)
    (mailbox_id,) = lanes.acquire("a pump")
    lane = lanes.load(mailbox_id)
    assert lane is not None
    feeding.feed(lane)
    claims.claim(lane, limit=1)

    attempt = Attempt.objects.get()
    assert attempt.route is not None
    assert requests.of(attempt) is None


def test_attempts_of_one_mailbox_share_a_route_until_something_of_it_changes(tapped: Tapped) -> None:
    running(messages=2)
    pump.run()
    first = Route.objects.get()
    assert set(Attempt.objects.values_list("route", flat=True)) == {first.pk}
    running(messages=1)
    (mailbox_id,) = lanes.acquire("a pump")
    lane = lanes.load(mailbox_id)
    assert lane is not None
    assert lane.route_id == first.pk

    Mailbox.objects.update(username="altro@prova.example", credentials_since=timezone.now())
    feeding.feed(lane)

    assert Route.objects.get(pk=lane.route_id).username == "altro@prova.example"
    assert Route.objects.count() == 2


def test_without_contents_neither_recipient_nor_text_nor_names_of_files_are_told() -> None:
    file = wire.File("segreto.txt", "text/plain", 3, "ab" * 32)
    sent = wire.Sent(
        "https://x.example/send", "u@x.example", "u", "segreto@x.example", "Segreto", "Segreto", "R", [file]
    )

    told = wire.without_contents(wire.rebuild(sent)).as_text

    assert "segreto" not in told.lower()
    assert "ab" * 32 in told
    assert "u@x.example" in told
