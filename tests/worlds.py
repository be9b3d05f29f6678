"""Worlds for benchmarks and fault tests: a database in a folder of its own, a simulated vendor in its own process."""

import atexit
import base64
import functools
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "banco@prova.example"
PASSWORD = "una-parola-di-prova"
PATIENCE = 120.0  # seconds that the vendor has to start: the machine may be busy


@dataclass(frozen=True, slots=True)
class World:
    """Where the vendor is, the folder of the database, and the environment of every process of this world."""

    vendor: str
    folder: Path
    env: dict[str, str]

    def ledger(self) -> list[dict[str, Any]]:
        """What the vendor took, in its order."""
        with urllib.request.urlopen(f"{self.vendor}/_sandbox/ledger", timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def tokens(self) -> list[str]:
        """The tokens that the vendor has minted and that are good still."""
        account = f"{self.env['OPENAPI_EMAIL']}:{self.env['OPENAPI_API_KEY']}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(account).decode()}"}
        request = urllib.request.Request(f"{self.vendor}/tokens", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [one["token"] for one in json.load(answer)["data"]]

    def run(self, module: str, *arguments: str) -> str:
        """Run a module of ours in a process of this world and return what it printed."""
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, check=False, timeout=300)
        if done.returncode:
            raise RuntimeError(f"{module} {arguments} failed:\n{done.stderr.decode()[-4000:]}")
        return done.stdout.decode()


@contextmanager
def world(*, rate: float, latency: float = 0.0, database: str = "", **env: str) -> Iterator[World]:
    """A vendor and the settings to reach it; `database` is a URL, SQLite in the world's folder if empty.

    `SANDBOX_QUOTA` is what its mailbox holds, in KiB: what arrives beyond that is lost.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        vendor = f"http://127.0.0.1:{port}"
        here = World(vendor, folder, {**os.environ, **_environment(folder, vendor, database), **env})
        command = [sys.executable, str(ROOT / "manage.py"), "sandbox", "--port", str(port)]
        command += ["--rate", str(rate), "--latency", str(latency), "--quota", env.get("SANDBOX_QUOTA", "1048576")]
        command += ["--mailbox", f"{ADDRESS}:{PASSWORD}"]
        with (folder / "sandbox.log").open("wb") as log:
            process = subprocess.Popen(command, env=here.env, stdout=log, stderr=log)
        try:
            _wait_for(here, process)
            yield here
        finally:
            process.terminate()
            process.wait(PATIENCE)


@contextmanager
def quiet(*, database: str = "", command: str = "prepare", **env: str) -> Iterator[World]:
    """A world whose vendor answers nobody: for processes that send nothing. Its database is prepared by `command`."""
    with tempfile.TemporaryDirectory() as name:
        vendor = "http://127.0.0.1:9"
        here = World(vendor, Path(name), {**os.environ, **_environment(Path(name), vendor, database), **env})
        arguments = [sys.executable, str(ROOT / "manage.py"), command, "--verbosity", "0"]
        subprocess.run(arguments, cwd=ROOT, env=here.env, check=True, timeout=120)
        yield here


def in_session(leader: int) -> list[int]:
    """The living processes of a session that `leader` began."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def until(is_true: Callable[[], object], what: str, *, seconds: float = 60.0, pause: float = 0.05) -> None:
    """Wait for something to come about, looking again after each `pause`. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(f"It never came about that {what}.")
        time.sleep(pause)


def set_up(here: World) -> None:
    """Make this very process one of the world's: only once, since Django reads its settings once."""
    os.environ.update(here.env)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(folder: Path, vendor: str, database: str) -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ENCRYPTION_KEYS": f"world:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        "PORTAL_DATA_DIR": str(folder),
        "DATABASE_URL": database or f"sqlite:///{folder / 'portal.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "pecportal.settings",
        "MANIFEST_STATIC": "off",
        "LOG_LEVEL": "WARNING",
        "SENDING_UNDO_SECONDS": "0",
        "OPENAPI_ENV": "sandbox",
        **{f"OPENAPI_{api}_URL": vendor for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH")},
        "OPENAPI_EMAIL": ADDRESS,
        "OPENAPI_API_KEY": "prova",
        "OPENAPI_TOKEN": "",
    }


def _wait_for(here: World, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            here.ledger()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The simulated vendor did not start:\n{(here.folder / 'sandbox.log').read_text()}")


@contextmanager
def bench_database() -> Iterator[str]:
    """The URL of a fresh database on the server that BENCH_SERVER names; "" for SQLite in the world's folder."""
    server = os.environ.get("BENCH_SERVER", "")
    if not server:
        yield ""
        return
    with own_database(server) as url:
        yield url


@contextmanager
def own_database(server: str, *, template: str = "") -> Iterator[str]:
    """The URL of a database on the PostgreSQL server that `server` names, dropped afterwards.

    It is empty, or a copy of the one that is called `template`.
    """
    import psycopg

    name = f"pecportal_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template1"}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@functools.cache
def template(server: str, *, command: str = "migrate", **env: str) -> str:
    """The name of a database on the server that `command` has prepared, to be copied: quicker than to prepare each.

    It is dropped when this process ends.
    """
    kept = ExitStack()
    atexit.register(kept.close)
    url = kept.enter_context(own_database(server))
    with quiet(database=url, command=command, **env):
        return urlsplit(url).path.removeprefix("/")
