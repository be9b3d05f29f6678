"""A message as the vendor's POST /send takes it; its files go to disk while they come in."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from pecportal import embedded
from pecportal.api.parsers import strict_json
from pecportal.api.serializers import Strict

MOST_RECIPIENTS: Final = 100
MOST_FILES: Final = 30
_BLOCK: Final = 2**16


class Incoming(embedded.File):
    """A file of a request, on disk until `stack` ends."""

    def __init__(self, stack: ExitStack) -> None:
        self._lies = stack.enter_context(tempfile.NamedTemporaryFile(prefix="compat-"))  # noqa: SIM115
        super().__init__(self._lies)

    @property
    def path(self) -> Path:
        """Where it is."""
        self._lies.flush()
        return Path(self._lies.name)


@dataclass(frozen=True, slots=True)
class Body:
    """A request's JSON, in which each file is its place among `files`; they lie on disk until `stack` ends."""

    value: Any
    files: list[Incoming]
    stack: ExitStack


class FilesToDisk(BaseParser):
    """Reads the JSON; see `embedded`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The `Body`. Raises `ParseError`."""
        with ExitStack() as stack:
            try:
                kept, files = embedded.split(_blocks(stream), lambda: Incoming(stack), most=MOST_FILES)
            except embedded.BadBody as exc:
                raise ParseError(
                    _("The body is no JSON, or a file in it is no base64, or there are more than 30.")
                ) from exc
            return Body(strict_json(kept), files, stack.pop_all())


class Attachment(Strict):
    """A file with its name."""

    name = serializers.CharField(max_length=255)
    file = serializers.CharField(help_text="A data URI, or plain base64.")


class Recipients(serializers.ListField):
    """One address, or several; none of them twice."""

    child = serializers.CharField(max_length=254)

    def to_internal_value(self, data: Any) -> list[str]:
        """In the order in which they were given."""
        given: list[str] = super().to_internal_value([data] if isinstance(data, str) else data)
        return list({each.strip().lower(): each for each in reversed(given)}.values())[::-1]


class Asked(Strict):
    """What the vendor's POST /send takes. Whoever asks is known by the key: of `password` nothing is kept."""

    sender = serializers.CharField(max_length=254)
    recipient = Recipients(allow_empty=False, max_length=MOST_RECIPIENTS)
    subject = serializers.CharField(max_length=400)
    body = serializers.CharField(max_length=1_000_000)
    attachments = Attachment(many=True, required=False)
    username = serializers.CharField(required=False, allow_blank=True)
    password = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The message: `files` in their order, each with its name."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    body: str
    files: tuple[tuple[str, Incoming], ...]

    def digest(self, office: int) -> str:
        """SHA-256 in hex over all that decides what is sent to whom, and for which organisation."""
        files = [(name, file.sha256) for name, file in self.files]
        told = [office, self.sender.lower(), self.recipients, self.subject, self.body, files]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def read(given: Mapping[str, Any], files: list[Incoming]) -> Wanted:
    """The message of a body that was found good. Raises `ValidationError` for a file that is not an attachment's."""
    attachments = given.get("attachments") or []
    if [each["file"] for each in attachments] != [str(place) for place in range(len(files))]:
        raise serializers.ValidationError({"attachments": [_("Each attachment has a name and one file.")]})
    named = tuple((each["name"], file) for each, file in zip(attachments, files, strict=True))
    return Wanted(given["sender"].strip(), tuple(given["recipient"]), given["subject"], given["body"], named)


def _blocks(stream: IO[Any]) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block
