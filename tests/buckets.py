"""A server that speaks S3 over real HTTP (moto's), and what can be wrong with one: away, slow, refusing, cut short."""

import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from django.core.files.storage import default_storage
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from tests.worlds import free_port

REGION = "eu-south-1"
TIMEOUT = 2.0  # seconds: the client's patience
FAULTS = ("500", "403", "html", "slow", "cut", "away")

Start = Callable[..., Any]


class Bucket:
    """One bucket of such a server; `fault` is what is wrong with it just now, "" for nothing."""

    def __init__(self) -> None:
        self.name = f"atti-{secrets.token_hex(6)}"  # the server's memory is the process's
        self.port = free_port()
        self.fault = ""
        self.requests: list[str] = []
        self.when_asked: Callable[[], None] = lambda: None
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server: BaseWSGIServer | None = None
        self._thread = threading.Thread()

    @property
    def storage(self) -> dict[str, Any]:
        """The storage, as the setting STORAGES has it."""
        options = {
            "bucket_name": self.name,
            "endpoint_url": f"http://127.0.0.1:{self.port}",
            "region_name": REGION,
            "access_key": "prova",
            "secret_key": "una-chiave-di-prova",
            "location": "portale",
        }
        return {"BACKEND": "pecportal.bucket.Bucket", "OPTIONS": options}

    @property
    def client(self) -> Any:
        """The portal's connections to it, which is its storage just now."""
        found: Any = default_storage
        return found.client

    def put(self, stored_as: str, content: bytes) -> None:
        """Write over a file, as the portal never does."""
        self.client.put_object(Bucket=self.name, Key=f"portale/{stored_as}", Body=content)

    def names(self) -> set[str]:
        """Of the files in it."""
        found = self.client.list_objects_v2(Bucket=self.name)
        return {each["Key"] for each in found.get("Contents", [])}

    def start(self) -> None:
        """Serve; after `stop` again at the same port, with what it held."""
        self._server = make_server("127.0.0.1", self.port, self, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def warm_up(self) -> None:
        """Wait for the first answer, for which the server loads much."""
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{self.name}", timeout=60).close()

    def stop(self) -> None:
        """Refuse every connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def breaks(self, fault: str) -> None:
        """Have one of `FAULTS` from now on; "" mends it."""
        self.fault = fault
        if fault == "away":
            self.stop()
        elif self._server is None:
            self.start()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """One request, as WSGI has it."""
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        self.when_asked()
        if self.fault == "500":
            start_response("500 Internal Server Error", [("Content-Type", "application/xml")])
            return [b"<Error><Code>InternalError</Code><Message>no</Message></Error>"]
        if self.fault == "403":
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"]
        if self.fault == "html":  # a proxy in between
            start_response("404 Not Found", [("Content-Type", "text/html")])
            return [b"<html><body>Not here</body></html>"]
        if self.fault == "slow":
            time.sleep(1.5 * TIMEOUT)
        found: Iterable[bytes] = self._app(environ, start_response)
        if self.fault == "cut" and environ["REQUEST_METHOD"] == "GET":
            return _cut(found)
        return found


class _Quiet(WSGIRequestHandler):
    def log(self, *args: object, **kwargs: object) -> None:
        """Say nothing of requests."""


def _cut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The first half: whoever counts finds bytes missing."""
    whole = b"".join(chunks)
    yield whole[: len(whole) // 2]
