"""Sentences that a job writes down and a person reads later, in the language of the reader.

What is stored is the sentence's message id and its words; whoever reads the row gets it as text in the active language.
What a person wrote, or an older row holds, is stored and read as it is.
"""

import json
from typing import Any, Final, Self

from django.db import models
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext

MARK: Final = "\x1e"  # no text that a person can type into a form begins with it


class Told(str):
    """A sentence in the language that was active when it was made or read, and what of it is stored."""

    __slots__ = ("stored",)
    stored: str

    @classmethod
    def of(cls, code: str, words: dict[str, Any], detail: str) -> Self:
        """Put it together in the active language."""
        made = cls(_sentence(code, words) + (f" ({detail})" if detail else ""))
        made.stored = MARK + json.dumps([code, words, detail])
        return made


def say(sentence: str | Promise, *, detail: str = "", **words: object) -> Told:
    """A sentence by its message id, or lazily translated, with its words; `detail` follows in brackets as it is."""
    with translation.override(None):  # without a language a lazy sentence is its own id
        code = str(sentence)
    return Told.of(code, words, detail)


def stored(sentence: object) -> str:
    """What to store of a sentence: of one that was not made by `say`, its text."""
    return sentence.stored if isinstance(sentence, Told) else str(sentence)


def read(text: str) -> str:
    """What was stored, in the active language."""
    if not text.startswith(MARK):
        return text
    try:
        code, words, detail = json.loads(text[len(MARK) :])
        return Told.of(str(code), dict(words), str(detail))
    except (ValueError, TypeError):
        return text[len(MARK) :]


class SentenceField(models.TextField):  # type: ignore[type-arg]
    """A text that may be a `Told`: written as its id and words, read in the language of whoever reads it."""

    def get_prep_value(self, value: Any) -> Any:
        """What to store."""
        return super().get_prep_value(stored(value) if value is not None else None)

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        """What was stored, to be read."""
        return None if value is None else read(value)

    def deconstruct(self) -> Any:
        """To the database it is a text like any other."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


def _sentence(code: str, words: dict[str, Any]) -> str:
    try:
        return gettext(code) % words if words else gettext(code)
    except (KeyError, ValueError, TypeError):  # the sentence asks for other words than when it was stored
        return code
