"""The letter: subject and text with merge fields, checked once, then put together with each row of the list.

Liquid gives the grammar (`{{ field }}`, `{% if field %}`, `{% unless field %}`, `{% else %}`) and nothing else: its
tree becomes pieces of our own, so no template can loop, reach an attribute or call anything, and no value is scanned
again.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from liquid import Environment, Mode
from liquid.ast import BlockNode, Node
from liquid.builtin import content, illegal, output
from liquid.builtin.tags import if_tag, unless_tag
from liquid.exceptions import LiquidError

from campaigns import markup
from campaigns.headings import normalise as normalise

SUBJECT_LIMIT: Final = 200 - len(" Rif. XXXXXXXXXX-99999 ") - 18  # the reference and the vendor's code stand behind it
LONGEST_TEMPLATE: Final = 200_000
LONGEST_BODY: Final = 1_000_000
MOST_TAGS: Final = 10_000  # HTML elements: cleaning takes time by the square of their depth

_TAG: Final = re.compile(r"(\{\{[^{}]{0,300}\}\}|\{%[^{}]{0,300}%\})")
_ELEMENT: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_BRACES: Final = re.compile(r"\{\{|\}\}|\{%|%\}")
_PARTS: Final = re.compile(r"(-?)\s*(.*?)\s*(-?)", re.DOTALL)
_NAME: Final = re.compile(r"\w[\w '’-]*")
_LOGIC: Final = frozenset({"and", "or", "not", "contains"})  # Liquid's: here they would silently be part of a name
_PREFIX: Final = "f_"  # makes a name of Liquid's out of any field: `if`, `empty` and `2024` are none
_LINE_BREAK: Final = re.compile("[\r\n\x0b\x0c\x85\u2028\u2029]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_PROBLEMS: Final = {
    "empty": "There is nothing in it.",
    "line_break": "It has a line break in it.",
    "control": "It has a control character in it.",
    "bidi": "It has a character in it that turns the direction of writing.",
    "too_long": "It is too long.",
    "subject_too_long": f"It has more than {SUBJECT_LIMIT} characters, so the reference has no room.",
    "syntax": "Its merge fields cannot be read.",
    "tag": "Only if, unless and else may be used in it.",
    "filter": "A merge field is a name between two braces.",
    "split": "A merge field is cut in two.",
}


class TextProblem(ValueError):
    """Why a text cannot be used. `place` is subject or body, `detail` the part that is meant, `line` the row's or 0."""

    def __init__(self, code: str, *, place: str, detail: str = "", line: int = 0) -> None:
        self.code, self.place, self.detail, self.line = code, place, detail[:80], line
        told = f"{place.capitalize()}: {_PROBLEMS[code]}"
        super().__init__(told + (f" ({self.detail})" if detail else "") + (f" (line {line})" if line else ""))


class MissingValue(ValueError):
    """A row has nothing to put where the text needs something. `field` is the merge field, `line` the row's."""

    def __init__(self, field: str, *, line: int) -> None:
        self.field, self.line = field, line
        super().__init__(f"Line {line} has no value for {{{{ {field} }}}}.")


@dataclass(frozen=True, slots=True)
class Field:
    """A value to be put in."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Pieces for rows that have a value for `name`, and pieces for those that have none."""

    name: str
    present: "Pieces"
    absent: "Pieces"


Piece = str | Field | Choice
Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A subject and an HTML text that may be merged with any number of rows; `fields` are the merge fields they use."""

    subject: str
    body: str
    fields: frozenset[str]
    _subject: Pieces = field(repr=False)
    _body: Pieces = field(repr=False)

    @classmethod
    def of(cls, subject: str, body: str) -> "Letter":
        """Read a subject and an HTML text with merge fields. Raises TextProblem for what may not be in them."""
        subject = subject.strip()
        _check_subject(subject)
        _check_body(body)
        if body.count("<") > MOST_TAGS:
            raise TextProblem("too_long", place="body")
        in_subject, in_body = _parse(subject, place="subject"), _parse(body, place="body")
        if len("".join(piece for piece in in_subject if isinstance(piece, str)).strip()) > SUBJECT_LIMIT:
            raise TextProblem("subject_too_long", place="subject")
        names = frozenset(_names(in_body))
        if not names and not markup.plain(markup.clean(body)):
            raise TextProblem("empty", place="body")
        return cls(subject, body, names | frozenset(_names(in_subject)), in_subject, in_body)

    def render(self, values: Mapping[str, str], *, line: int = 0) -> tuple[str, str]:
        """The subject (plain, without the reference) and the cleaned HTML text for one row of `values` by column.

        Raises MissingValue where a value is missing or blank and no condition allows that, TextProblem where the
        values make a subject or a text that may not be sent; `line` goes into both.
        """
        known = {normalise(column): value.strip() for column, value in values.items()}
        subject = "".join(_merge(self._subject, known, line=line)).strip()
        _check_subject(subject, line=line)
        if len(subject) > SUBJECT_LIMIT:
            raise TextProblem("subject_too_long", place="subject", line=line)
        return subject, self._render_body(known, line)

    def _render_body(self, known: Mapping[str, str], line: int) -> str:
        parts, length = [], 0
        for part in _merge(self._body, {name: html.escape(value) for name, value in known.items()}, line=line):
            length += len(part)
            if length > LONGEST_BODY:
                raise TextProblem("too_long", place="body", line=line)
            parts.append(part)
        body = "".join(parts)
        _check_body(body, longest=LONGEST_BODY, line=line)
        return markup.clean(body)


def verbatim(subject: str, body: str) -> tuple[str, str]:
    """The subject and the cleaned HTML text of a single message, in which braces are braces.

    Raises TextProblem for what may not be sent.
    """
    subject = subject.strip()
    _check_subject(subject)
    _check_body(body, longest=LONGEST_BODY)
    if len(subject) > SUBJECT_LIMIT:
        raise TextProblem("subject_too_long", place="subject")
    if body.count("<") > MOST_TAGS:
        raise TextProblem("too_long", place="body")
    cleaned = markup.clean(body)
    if not markup.plain(cleaned):
        raise TextProblem("empty", place="body")
    return subject, cleaned


def plain(html_text: str) -> str:
    """What a reader without HTML sees of a text."""
    return markup.plain(markup.clean(html_text))


def _check_subject(text: str, *, line: int = 0) -> None:
    flaws = {
        "empty": not text,
        "too_long": len(text) > LONGEST_TEMPLATE,
        "line_break": _LINE_BREAK.search(text),
        "control": "\t" in text or _CONTROL.search(text),
        "bidi": _BIDI.search(text),
    }
    for code, flaw in flaws.items():
        if flaw:
            raise TextProblem(code, place="subject", line=line)


def _check_body(text: str, *, longest: int = LONGEST_TEMPLATE, line: int = 0) -> None:
    flaws = {"empty": not text.strip(), "too_long": len(text) > longest, "control": _CONTROL.search(text)}
    for code, flaw in flaws.items():
        if flaw:
            raise TextProblem(code, place="body", line=line)


def _merge(pieces: Pieces, values: Mapping[str, str], *, line: int) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, Choice):
            yield from _merge(piece.present if values.get(piece.name) else piece.absent, values, line=line)
        elif value := values.get(piece.name):
            yield value
        else:
            raise MissingValue(piece.name, line=line)


def _names(pieces: Pieces) -> Iterator[str]:
    for piece in pieces:
        if isinstance(piece, Field):
            yield piece.name
        elif isinstance(piece, Choice):
            yield piece.name
            yield from _names(piece.present)
            yield from _names(piece.absent)


def _parse(source: str, *, place: str) -> Pieces:
    """The pieces of a subject or a text. Raises TextProblem for any syntax but ours."""
    parts = _TAG.split(source)
    for position, part in enumerate(parts):
        if position % 2:
            parts[position] = _output(part, place) if part.startswith("{{") else _condition(part, place)
        elif stray := _BRACES.search(part):
            raise TextProblem("syntax", place=place, detail=part[stray.start() : stray.start() + 40])
    try:
        nodes = _LIQUID.from_string("".join(parts)).nodes
    except LiquidError as exc:
        raise TextProblem("syntax", place=place, detail=str(exc.message)) from exc
    return _pieces(nodes)


def _output(tag: str, place: str) -> str:
    before, name, after = _inside(tag)
    if _ELEMENT.search(name):
        raise TextProblem("split", place=place, detail=_shown(tag))
    if not _is_name(name):
        raise TextProblem("filter", place=place, detail=tag)
    return f"{{{{{before} {_PREFIX}{normalise(name)} {after}}}}}"


def _condition(tag: str, place: str) -> str:
    before, told, after = _inside(tag)
    if _ELEMENT.search(told):
        raise TextProblem("split", place=place, detail=_shown(tag))
    word, _space, name = told.partition(" ")
    if word in ("if", "unless") and _is_name(name) and not _LOGIC & set(name.split()):
        told = f"{word} {_PREFIX}{normalise(name)}"
    elif told not in ("else", "endif", "endunless"):
        raise TextProblem("tag", place=place, detail=tag)
    return f"{{%{before} {told} {after}%}}"


def _shown(tag: str) -> str:
    return " ".join(_ELEMENT.sub(" … ", tag).split())


def _inside(tag: str) -> tuple[str, str, str]:
    """The sign for "no white space" before, what stands in the tag, the sign after."""
    found = _PARTS.fullmatch(tag[2:-2].replace("&nbsp;", " "))
    if found is None:
        raise RuntimeError("The pattern takes any text.")
    return found[1], " ".join(found[2].split()), found[3]


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text) and normalise(text))


def _pieces(nodes: Iterable[Node]) -> Pieces:
    return tuple(_piece(node) for node in nodes)


def _piece(node: Node) -> Piece:
    if isinstance(node, content.ContentNode):
        return node.text
    if isinstance(node, output.OutputNode):
        return Field(str(node.expression).removeprefix(_PREFIX))
    if isinstance(node, if_tag.IfNode | unless_tag.UnlessNode) and not node.alternatives:
        name = str(node.condition).removeprefix(_PREFIX)
        there, other = _block(node.consequence), _block(node.default)
        return Choice(name, there, other) if isinstance(node, if_tag.IfNode) else Choice(name, other, there)
    raise RuntimeError(f"Liquid made a {type(node).__name__} out of our grammar.")


def _block(node: BlockNode | None) -> Pieces:
    return _pieces(node.nodes) if node else ()


class _If(if_tag.IfTag):
    mode = Mode.STRICT  # a second `else` is an error, not left out without a word


class _Unless(unless_tag.UnlessTag):
    mode = Mode.STRICT


class _Liquid(Environment):
    """Liquid with conditions alone: no other tag, no filter."""

    block_nesting_limit: ClassVar[int] = 8

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in (content.Literal, output.Output, illegal.Illegal, _If, _Unless):
            self.add_tag(tag)


_LIQUID: Final = _Liquid(tolerance=Mode.STRICT)
