"""The request of one attempt, rebuilt as it went to the vendor, without secrets and without the files' bytes. Pure.

A test holds it against what the client really sends.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True)
class File:
    """A file that was sent: its name, type, size in bytes, SHA-256 (hex)."""

    name: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What an attempt carried. `subject` is the letter's own, to which the attempt's reference is added."""

    url: str
    sender: str
    username: str
    recipient: str
    subject: str
    body: str
    ref: str
    files: Sequence[File] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is shown: every header and field that went, secrets and files' contents replaced."""

    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, object]

    @property
    def as_text(self) -> str:
        """The request for reading: its line, its headers, its body as indented JSON."""
        lines = [f"{self.method} {self.url}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join([*lines, "", json.dumps(self.body, ensure_ascii=False, indent=2)])


def rebuild(sent: Sent) -> Request:
    """The request that carried `sent`.

    The token and the password are hidden, and so is the length, which would tell the password's. Of each file its
    name, type, size and hash are told.
    """
    body: dict[str, object] = {
        "sender": sent.sender,
        "recipient": sent.recipient,
        "subject": f"{sent.subject} Rif. {sent.ref}",
        "body": sent.body,
        "username": sent.username,
        "password": HIDDEN,
    }
    if sent.files:
        body["attachments"] = [_told(file) for file in sent.files]
    return Request("POST", sent.url, _headers(sent.url), body)


def without_contents(request: Request) -> Request:
    """The same request for those who may see neither recipient nor contents: files by size and hash alone."""
    body = {name: HIDDEN if name in ("recipient", "subject", "body") else value for name, value in request.body.items()}
    files = body.get("attachments")
    if isinstance(files, list):
        body["attachments"] = [{key: one[key] for key in ("sha256", "size")} for one in files]
    return Request(request.method, request.url, request.headers, body)


def _told(file: File) -> dict[str, object]:
    return {"name": file.name, "content_type": file.content_type, "sha256": file.sha256, "size": file.size}


def _headers(url: str) -> dict[str, str]:
    return {
        "Host": urlsplit(url).netloc,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "pecportal",
        "Connection": "close",
        "Authorization": f"Bearer {HIDDEN}",
        "Content-Type": "application/json",
        "Content-Length": HIDDEN,
    }
