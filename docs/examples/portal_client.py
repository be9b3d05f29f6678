"""A small client of the portal's API, of `requests` alone: copy it, and make it yours.

    portal = Portal("https://portal.example", os.environ["PORTAL_KEY"])
    message = portal.send("ufficio@pec.example", "ditta@pec.example", "Sollecito", "Gentile cliente, ...",
                          files=["fattura.pdf"], key="order-1042")

Whatever changes something is asked with an Idempotency-Key, so that it may be repeated when its answer is lost: the
portal carries it out once. Give a `key` that your own program remembers (such as an order's number), and repeating
after a crash is safe, too.
"""

import random
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

AGAIN = {429, 500, 502, 503, 504}  # statuses after which the same request may be answered otherwise
LONGEST_WAIT = 60.0  # seconds between two tries


class Refused(Exception):
    """The portal said no. `kind` as in docs/api.md and at the address in `type`; `errors`: what is wrong, and where."""

    def __init__(self, answer: requests.Response) -> None:
        told = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        self.status = answer.status_code
        self.kind = str(told.get("type", "")).rstrip("/").rpartition("/")[2]
        self.errors: list[dict[str, str]] = told.get("errors", [])
        places = [f"{each.get('pointer') or each.get('parameter') or ''} {each['detail']}" for each in self.errors]
        super().__init__(" | ".join([str(told.get("detail") or answer.reason), *places]))


class Portal:
    """The API of one portal, asked with one key. `tries`: how often a request is made before its failure is told."""

    def __init__(self, url: str, key: str, *, tries: int = 8, timeout: float = 120.0) -> None:
        self.root = url.rstrip("/") + "/api/v1/"
        self.tries = tries
        self.timeout = timeout
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    # --- single messages

    def send(
        self,
        mailbox: str,
        to: str,
        subject: str,
        body: str,
        *,
        files: Sequence[str | Path] = (),
        reference: str = "",
        key: str = "",
    ) -> dict[str, Any]:
        """Send one certified message, once for each `key`: the message as it was taken in.

        Raises `Refused`, or `requests.RequestException` when the portal cannot be reached; then the same `key` again
        finds out whether it was taken.
        """
        given = {"mailbox": mailbox, "to": to, "subject": subject, "body": body, "client_reference": reference}
        return self.change("POST", "messages/", given, {"files": files} if files else {}, key=key).json()

    def message(self, number: str) -> dict[str, Any]:
        """One message by its id: what is proven of it so far."""
        return self.get(f"messages/{number}/")

    def messages(self, **filters: str) -> Iterator[dict[str, Any]]:
        """All messages that the filters of docs/api.md let through, page by page."""
        return self.listed("messages/", **filters)

    def evidence(self, number: str) -> dict[str, Any]:
        """What proves what became of a message: its text, its attempts, its receipts with their bytes."""
        return self.get(f"messages/{number}/evidence/")

    def events(self, after: str = "") -> Iterator[dict[str, Any]]:
        """What happened after the event with this id, in order, up to now. Keep the last id, and go on from there."""
        while True:
            page = self.get("events/", **({"after": after} if after else {}))
            yield from page["items"]
            if not page["has_more"]:
                return
            after = page["next"]

    # --- anything else

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """The object at an address."""
        return self.ask("GET", path, params=query).json()

    def listed(self, path: str, **filters: str) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page."""
        query = {"limit": "200", **filters}
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            if page["next"] is None:
                return
            query["cursor"] = page["next"]

    def change(
        self,
        method: str,
        path: str,
        given: Mapping[str, Any] | None = None,
        files: Mapping[str, Sequence[str | Path]] | None = None,
        *,
        key: str = "",
    ) -> requests.Response:
        """Make or change something: `given` as JSON, or as a form with `files`. The same `key`: the same deed."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if files:
            return self.ask(method, path, data=given, paths=files, headers=headers)
        return self.ask(method, path, json=given, headers=headers)

    def put_file(self, path: str, file: str | Path, content_type: str) -> requests.Response:
        """Put a file, such as a campaign's list, at an address."""
        return self.ask("PUT", path, body=Path(file), headers={"Content-Type": content_type})

    def done(self, job: Mapping[str, Any] | str, *, seconds: float = 3600.0) -> dict[str, Any]:
        """Wait for a job (or the address of one) to end. Raises `TimeoutError`, and `RuntimeError` when it failed."""
        address, end, pause = job if isinstance(job, str) else f"jobs/{job['id']}/", time.monotonic() + seconds, 0.2
        while time.monotonic() < end:
            found = self.get(address)
            if found["state"] == "done":
                return found
            if found["state"] == "failed":
                raise RuntimeError(found["message"] or "The job failed.")
            time.sleep(pause)
            pause = min(pause * 1.5, 10.0)
        raise TimeoutError("The job has not ended yet.")

    def download(self, path: str, into: str | Path) -> Path:
        """Save what is at an address, such as a report, as a file."""
        answer, target = self.ask("GET", path, stream=True), Path(into)
        with answer, target.open("wb") as file:
            for block in answer.iter_content(2**16):
                file.write(block)
        return target

    def ask(
        self,
        method: str,
        path: str,
        *,
        paths: Mapping[str, Sequence[str | Path]] | None = None,
        body: Path | None = None,
        **told: Any,
    ) -> requests.Response:
        """One request, made again after a pause as long as that is safe and may help. Raises as `send` does."""
        address = urljoin(self.root, path)
        is_safe = method in ("GET", "PUT", "DELETE") or "Idempotency-Key" in told.get("headers", {})
        for left in reversed(range(self.tries if is_safe else 1)):
            try:
                answer = self._once(method, address, paths or {}, body, told)
            except (requests.ConnectionError, requests.Timeout):
                if not left:
                    raise
                self._rest(left, "")
                continue
            if answer.ok:
                return answer
            refused = Refused(answer)
            if not left or not (answer.status_code in AGAIN or refused.kind == "in-progress"):
                raise refused
            self._rest(left, answer.headers.get("Retry-After", ""))
        raise AssertionError("The last try returns or raises.")

    def _once(
        self,
        method: str,
        address: str,
        paths: Mapping[str, Sequence[str | Path]],
        body: Path | None,
        told: dict[str, Any],
    ) -> requests.Response:
        """Files are opened for each try, and read while they go out."""
        with ExitStack() as stack:
            files = [
                (field, (Path(path).name, stack.enter_context(Path(path).open("rb"))))
                for field, several in paths.items()
                for path in several
            ]
            data = {"data": stack.enter_context(body.open("rb"))} if body else {}
            return self.session.request(
                method, address, files=files or None, timeout=self.timeout, allow_redirects=False, **told, **data
            )

    def _rest(self, left: int, told: str) -> None:
        """As long as the portal asks for; otherwise twice as long each time, and not all programs at once."""
        usual = min(0.5 * 2 ** (self.tries - left - 1), LONGEST_WAIT)
        time.sleep(min(float(told), LONGEST_WAIT) if told.isdecimal() else usual * random.uniform(0.5, 1.0))
