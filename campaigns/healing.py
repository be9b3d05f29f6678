"""Merge fields that formatting went through, as `{{ <b>name</b> }}`, made whole with the formatting around them. Pure.

An editor, or a word processor before it, puts its elements where somebody's selection began and ended, and that may
be in the middle of a field.
"""

import re
from typing import Final

_INLINE: Final = r"</?(?:a|b|code|em|font|i|s|small|span|strong|sub|sup|u)\b[^<>]*>"
_IN: Final = rf"(?:[^{{}}<>%]|{_INLINE})"
# the two signs at each end may be apart as well; at most 300 signs and elements in between, as `text` reads them
_FIELD: Final = re.compile(
    rf"\{{((?:{_INLINE})*)\{{({_IN}{{0,300}}?)\}}((?:{_INLINE})*)\}}"
    rf"|\{{((?:{_INLINE})*)%({_IN}{{0,300}}?)%((?:{_INLINE})*)\}}"
)
_ELEMENT: Final = re.compile(_INLINE)
_NAME: Final = re.compile(r"</?([a-z]+)")


def heal(html: str) -> str:
    """The HTML with the formatting inside of merge fields and conditions around them; all else as it is.

    A field that is cut by the end of a paragraph or a line is left: nobody can tell what was meant.
    """
    return _FIELD.sub(_healed, html) if "<" in html else html


def _healed(found: re.Match[str]) -> str:
    if "<" not in found[0]:
        return found[0]
    is_field = found[2] is not None
    words = _ELEMENT.sub("", found[2] if is_field else found[5])
    before, after = _around(_ELEMENT.findall(found[0]))
    return before + (f"{{{{{words}}}}}" if is_field else f"{{%{words}%}}") + after


def _around(elements: list[str]) -> tuple[str, str]:
    """What stands before and after a field that these start and end tags were in, in their order."""
    opened: list[str] = []
    closing: list[str] = []
    pairs: list[tuple[str, str]] = []
    for element in elements:
        if not element.startswith("</"):
            opened.append(element)
        elif opened and _name(opened[-1]) == _name(element):
            pairs.append((opened.pop(), element))
        else:
            closing.append(element)
    inner, outer = "".join(start for start, _end in reversed(pairs)), "".join(end for _start, end in pairs)
    if opened and closing:  # one ends and another begins: the field is in the second
        return "".join(closing) + "".join(opened) + inner, outer
    return "".join(opened) + inner, outer + "".join(closing)


def _name(element: str) -> str:
    found = _NAME.match(element)
    return found[1] if found else ""
