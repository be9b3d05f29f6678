"""Tells the address given at registration of each change of state; only ever an address of this very machine."""

import json
import logging
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

logger = logging.getLogger(__name__)
_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Call:
    """One callback to be made."""

    url: str
    body: bytes
    content_type: str


class Callbacks:
    """Makes them one after another, in their order, in a thread that starts with the first. None is repeated."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def tell(self, callback: object, record: Mapping[str, Any]) -> None:
        """Queue what the registration's `callback` asks for; nothing if it asks for none or names another machine."""
        call = call_for(callback, record)
        if call is None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sandbox-callbacks", daemon=True)
                self._thread.start()
        self._waiting.put(call)

    def close(self) -> None:
        """Wait for what is queued, and end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join(_TIMEOUT + 1)

    def _run(self) -> None:
        while (call := self._waiting.get()) is not None:
            try:
                status = _post(call)
            except (OSError, HTTPException, ValueError) as exc:  # the last: no address can be asked like this
                logger.info("The callback to %s failed: %s", call.url, exc)
            else:
                logger.debug("The callback to %s was answered with %s.", call.url, status)


def call_for(callback: object, record: Mapping[str, Any]) -> Call | None:
    """The call that tells `record`: form-encoded with the JSON in `field`, or JSON alone if the method says so."""
    if not isinstance(callback, dict) or not isinstance(callback.get("url"), str):
        return None
    if not _is_here(callback["url"]):
        logger.info("No callback to %s: it is not this machine.", callback["url"])
        return None
    text = json.dumps(record)
    if callback.get("method") == "JSON":
        return Call(callback["url"], text.encode(), "application/json")
    form = urlencode({str(callback.get("field") or "data"): text})
    return Call(callback["url"], form.encode(), "application/x-www-form-urlencoded")


def _is_here(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        known = parts.port is None or parts.port > 0  # raises ValueError for what is no port
        return known and parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


def _post(call: Call) -> int:
    parts = urlsplit(call.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, call.body, {"Content-Type": call.content_type})
        return connection.getresponse().status
    finally:
        connection.close()
