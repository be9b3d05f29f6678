"""A portal's web process with one of everything in it, made by a program whose key is told."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from pecportal import processes
from tests.worlds import ROOT, World, free_port, until, world


@dataclass(frozen=True, slots=True)
class Served:
    """Where the API is, the key, the id of a mailbox that may send, the world; `leader`: of the web's processes."""

    url: str
    key: str
    mailbox: str
    world: World
    leader: int

    @property
    def headers(self) -> dict[str, str]:
        """What each request needs."""
        return {"Authorization": f"Bearer {self.key}"}


@contextmanager
def served(*, database: str = "") -> Iterator[Served]:
    """One web process; `database` is a URL, SQLite in the world's folder if empty. Nobody sends."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"PORTAL_URL": url, "API_REQUESTS_A_MINUTE": "0", "LOG_LEVEL": "CRITICAL"}
    with world(rate=0.0, latency=0.0, database=database, **settings) as here:
        told = json.loads(here.run("tests.torture.describing").splitlines()[-1])
        with (here.folder / "web.log").open("wb") as log:
            command = processes.web(host="127.0.0.1", port=port)
            web = subprocess.Popen(command, cwd=ROOT, env=here.env, stdout=log, stderr=log, start_new_session=True)
        try:
            until(lambda: _answers(url), "the web process answers", seconds=120)
            yield Served(url, told["key"], told["mailbox"], here, web.pid)
        finally:
            web.terminate()
            web.wait(30)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/live", timeout=5).ok
    except requests.ConnectionError:
        return False
