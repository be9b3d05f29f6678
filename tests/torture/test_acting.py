"""Jobs that pay for mailboxes, or change them, killed around each durable step: nothing is asked for twice.

The judge is what the vendor was asked: every request that came to it is counted.
"""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from pecportal.sandbox import serve
from tests.mailboxes.trouble import TroubledSandbox
from tests.worlds import quiet

pytestmark = [pytest.mark.slow, pytest.mark.once]
NAMES = [f"{kind}.{number}" for number in range(4) for kind in ("registration", "hand_in", "renewal", "revocation")]
DONE = {"registration": "registered", "hand_in": "taken", "renewal": "done", "revocation": "done"}
ASKED = {"hand_in": "PATCH /pec/{}/", "renewal": "GET /pec/{}/rinnovo", "revocation": "DELETE /pec/{}"}


@dataclass(kw_only=True, eq=False)
class Listening(TroubledSandbox):
    """A vendor that remembers the addresses for which it was asked, whatever it answered."""

    asked: list[str] = field(default_factory=list, init=False, repr=False)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if (environ["REQUEST_METHOD"], environ["RAW_PATH"]) == ("POST", "/pec"):
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            self.asked.append(json.loads(body)["casella_pec"])
            environ["wsgi.input"] = io.BytesIO(body)
        return super().__call__(environ, start_response)


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Listening, dict[str, Any], dict[str, Any]]]:
    """The vendor, which jobs died, and how all ended without a person."""
    sandbox = Listening(rate=0)
    with serve(sandbox) as server:
        env = {f"OPENAPI_{api}_URL": server.url for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH")}
        env |= {"OPENAPI_EMAIL": sandbox.email, "OPENAPI_API_KEY": sandbox.api_key, "LOG_LEVEL": "ERROR"}
        with quiet(**env) as here:
            killed = json.loads(here.run("tests.torture.acting", "begin").splitlines()[-1])
            ended = json.loads(here.run("tests.torture.acting", "after").splitlines()[-1])
            yield sandbox, killed, ended


def test_a_job_killed_anywhere_asks_for_nothing_twice(
    world: tuple[Listening, dict[str, Any], dict[str, Any]],
) -> None:
    sandbox, killed, ended = world
    assert all(killed[name]["killed"] for name in NAMES)
    found, wanted = {}, {}

    for name in NAMES:
        kind, _dot, point = name.partition(".")
        end = ended[name]
        found[name] = (requests(sandbox, kind, name, killed[name]["vendor_id"]), end["outcome"], end["state"])
        # marked, and nothing left: nobody can know, and nobody repeats it but a person
        wanted[name] = (0, "uncertain", "uncertain") if point == "1" else (1, "done", DONE[kind])

    assert found == wanted


def requests(sandbox: Listening, kind: str, name: str, vendor_id: str) -> int:
    """How often the vendor was asked for what the case is about."""
    if kind == "registration":
        return sandbox.asked.count(f"{name}@pecmassiva.com")
    return sum(call.startswith(ASKED[kind].format(vendor_id)) for call in sandbox.calls)
