"""The simulated vendor with faults on its mailbox calls: answers that are lost, or other than its own."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pytest_django import Settings

from pecportal.sandbox import Sandbox, serve
from pecportal.sandbox.routing import AnswerLost


@dataclass(frozen=True, slots=True)
class Trouble:
    """What befalls the next call whose method and path begin like this; no status: no answer at all."""

    method: str
    path: str
    taken: bool
    status: int | None
    body: bytes
    content_type: str = "application/json"


@dataclass(kw_only=True, eq=False)
class TroubledSandbox(Sandbox):
    """Give it troubles; each befalls one call. `calls` are all requests of the mailbox API so far."""

    troubles: list[Trouble] = field(default_factory=list, init=False, repr=False)
    calls: list[str] = field(default_factory=list, init=False, repr=False)
    bodies: list[dict[str, Any]] = field(default_factory=list, init=False, repr=False)

    def lose(self, method: str, path: str = "/pec", *, taken: bool) -> None:
        """Do the next such call, or not, and close the connection without an answer."""
        self.troubles.append(Trouble(method, path, taken, None, b""))

    def answer(
        self, method: str, path: str, status: int, body: object, *, taken: bool = False, plain: bool = False
    ) -> None:
        """Answer the next such call like this, after doing it or not; `plain`: as text, which is no JSON."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "text/plain; charset=utf-8" if plain else "application/json"
        self.troubles.append(Trouble(method, path, taken, status, text, kind))

    def refuse(self, method: str, path: str, status: int, message: str, *, error: int | None = None) -> None:
        """Refuse the next such call in the vendor's manner."""
        self.answer(method, path, status, {"success": False, "message": message, "error": error, "data": None})

    def count(self, call: str) -> int:
        """How often a call such as "POST /pec" came."""
        return self.calls.count(call)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["RAW_PATH"]
        self.calls.append(f"{method} {path}")
        trouble = next((each for each in self.troubles if each.method == method and path.startswith(each.path)), None)
        if trouble is None:
            return super().__call__(environ, start_response)
        self.troubles.remove(trouble)
        if trouble.taken:
            b"".join(super().__call__(environ, lambda *_told: None))
        else:
            while environ["wsgi.input"].read(65536):
                pass
        if trouble.status is None:
            raise AnswerLost
        start_response(f"{trouble.status} As You Like", [("Content-Type", trouble.content_type)])
        return [trouble.body]


@contextmanager
def serving(settings: Settings) -> Iterator[TroubledSandbox]:
    """One that answers, and to which the settings point, until the block ends."""
    sandbox = TroubledSandbox(rate=0)
    with serve(sandbox) as server:
        for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
            setattr(settings, f"OPENAPI_{api}_URL", server.url)
        settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY = sandbox.email, sandbox.api_key
        yield sandbox
