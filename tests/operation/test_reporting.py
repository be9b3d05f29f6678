"""Sentry is told what broke and where, and nothing of anybody."""

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import brotli
import pytest
from django.db import IntegrityError

from pecportal import reporting

CANARY = "canarino"
BREAKING = """
import logging
import django
django.setup()
from django.test import Client
import sentry_sdk

Client(raise_request_exception=False, SERVER_NAME="localhost", headers={"user-agent": "canarino"}).post(
    "/login/?next=canarino", {"username": "canarino@prova.example", "password": "canarino"}
)

def broken(secret):
    raise ValueError(f"could not read {secret}")

try:
    broken("canarino")
except ValueError:
    logging.getLogger("campaigns").exception("It broke for %s", "canarino@prova.example")
sentry_sdk.flush(5)
"""


class Sentry(HTTPServer):
    """Whatever the library sends, kept."""

    def __init__(self) -> None:
        self.told: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Sentry

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        coding = self.headers.get("Content-Encoding", "")
        body = {"gzip": gzip.decompress, "br": brotli.decompress}.get(coding, bytes)(body)
        self.server.told.append(body.decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    server = Sentry()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.slow
@pytest.mark.once
def test_errors_leave_without_anybodys_data(sentry: Sentry, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "SENTRY_DSN": f"http://key@127.0.0.1:{sentry.server_port}/1",
        "PORTAL_DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3",
        "DJANGO_SETTINGS_MODULE": "pecportal.settings",
    }

    done = subprocess.run([sys.executable, "-c", BREAKING], env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    told = "\n".join(sentry.told)
    assert "OperationalError" in told
    assert "ValueError" in told
    assert "It broke for %s" in told
    assert '"function":"broken"' in told.replace(": ", ":")
    assert CANARY not in told
    assert "prova.example" not in told
    assert CANARY not in done.stderr  # what goes to the log besides


def test_only_what_is_named_leaves() -> None:
    exc = IntegrityError(f"duplicate key\nDETAIL: ({CANARY})")
    frame = {"function": "f", "lineno": 3, "vars": {"x": CANARY}, "context_line": CANARY, "abs_path": f"/{CANARY}"}
    value = {"type": "IntegrityError", "value": str(exc), "mechanism": {"data": CANARY}}
    event = {
        "event_id": "1",
        "level": "error",
        "exception": {"values": [{**value, "stacktrace": {"frames": [frame]}}]},
        "request": {"method": "POST", "url": CANARY, "data": CANARY, "cookies": CANARY, "headers": {"x": CANARY}},
        "user": {"email": CANARY},
        "extra": {"x": CANARY},
        "breadcrumbs": {"values": [CANARY]},
        "contexts": {"x": CANARY},
        "server_name": CANARY,
        "transaction": CANARY,
        "logentry": {"message": "Of %s", "params": [CANARY]},
    }

    kept = reporting.scrubbed(event, {"exc_info": (IntegrityError, exc, None)})

    assert CANARY not in str(kept)
    assert kept["exception"]["values"][0]["value"] == "duplicate key"
    assert (kept["message"], kept["request"]) == ("Of %s", {"method": "POST"})
