"""JSON as RFC 8259 has it, read without guessing: no key twice, no NaN, no half characters."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJson(JSONParser):
    """JSON in UTF-8."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """What the body says. Raises `ParseError`."""
        return strict_json(stream.read())


def strict_json(body: bytes) -> Any:
    """What the bytes say. Raises `ParseError` for anything that could be read in two ways."""
    try:
        text = body.decode("utf-8")
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        if "\\u" in text:
            json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeError as exc:
        raise ParseError(_("The body is not UTF-8.")) from exc
    except (ValueError, RecursionError) as exc:
        raise ParseError(_("The body is no JSON: %(words)s") % {"words": str(exc)[:200]}) from exc
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A key is there twice.")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON.")
