"""What a clerk types as plain paragraphs becomes simple HTML, and can be typed on as it was. Pure."""

import html
import re

from campaigns import healing

_TAG = re.compile(
    r"</?(p|br|b|strong|i|em|u|a|ul|ol|li|h[1-6]|table|thead|tbody|tr|td|th|div|span|hr|blockquote|pre|img)\b[^>]*>",
    re.IGNORECASE,
)
_FIELD = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
_PARAGRAPH = re.compile(r"<p>(.*?)</p>\n?", re.DOTALL)
_BREAK = re.compile(r"<br>\n?")


def to_html(typed: str) -> str:
    """Text without any HTML element as `<p>` paragraphs, split at empty lines; text with elements as it is, but for
    merge fields that formatting went through, which are made whole.

    What stands in merge fields is left alone.
    """
    text = typed.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text or _TAG.search(text):
        return healing.heal(text)
    blocks = [block.strip("\n") for block in re.split(r"\n[ \t]*\n", text)]
    return "\n".join(f"<p>{_escape(block)}</p>" for block in blocks if block.strip())


def to_typed(body: str) -> str:
    """What `to_html` made out of plain paragraphs as it was typed; any other HTML as it is."""
    if _PARAGRAPH.sub("", body).strip():
        return body
    blocks = [_BREAK.sub("\n", block) for block in _PARAGRAPH.findall(body)]
    if any("<" in block or ">" in block for block in blocks):
        return body
    typed = "\n\n".join(html.unescape(block) for block in blocks)
    return typed if to_html(typed) == body else body


def _escape(block: str) -> str:
    """Escape all but the merge fields, and keep the line breaks."""
    parts = _FIELD.split(block)
    return "".join(
        part if number % 2 else html.escape(part, quote=False).replace("\n", "<br>\n")
        for number, part in enumerate(parts)
    )
