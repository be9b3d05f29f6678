"""What every file that goes out must be told as."""

import re
from typing import Any
from urllib.parse import unquote

LONGEST = 150
HARMLESS = re.compile(
    r"text/(?:csv|plain)|message/rfc822|image/(?:jpeg|png|heic)|application/(?:pdf|zip|xml|json|x-ndjson|octet-stream|"
    r"pkcs7-mime|vnd\.(?:openxmlformats-officedocument|oasis\.opendocument)\.[a-z.]+)"
)
# RFC 6266 and RFC 5987: a quoted name, or one in UTF-8 of which all but letters, digits and a few signs is escaped
_TOLD = re.compile(
    r"""attachment; (?:filename="([^"\\/]+)"|filename\*=utf-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+))"""
)
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def faults(answer: Any) -> list[str]:
    """What is wrong with how a file is handed out; nothing for one that is a download, and one alone."""
    head = {name.lower(): value for name, value in answer.headers.items()}
    found = [f"{name}: {value!r}" for name, value in head.items() if re.search(r"[\r\n\0]", value)]
    if head.get("x-content-type-options") != "nosniff":
        found.append("its type is guessed")
    if not head.get("content-security-policy", "").startswith("sandbox; default-src 'none'"):
        found.append(f"it may run: {head.get('content-security-policy')}")
    if not HARMLESS.fullmatch(head.get("content-type", "").partition(";")[0]):
        found.append(f"its type: {head.get('content-type')}")
    told = _TOLD.fullmatch(head.get("content-disposition", ""))
    if told is None:
        return [*found, f"its name: {head.get('content-disposition')}"]
    name = name_of(answer)
    if _UNSEEN.search(name) or set(name) & set('/\\":*?<>|') or name.startswith(".") or not 0 < len(name) <= LONGEST:
        found.append(f"its name is {name!r}")
    return found


def name_of(answer: Any) -> str:
    """The name as a browser takes it."""
    told = _TOLD.fullmatch(answer.headers["Content-Disposition"])
    assert told is not None
    return told[1] or unquote(told[2], errors="strict")
