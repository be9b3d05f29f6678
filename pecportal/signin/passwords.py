"""Passwords that are guessed first: common ones in disguise, and words of this very place. No rules of composition."""

import re
from functools import cache
from typing import Any, Final

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_PLAIN: Final = str.maketrans("@4831!05$7", "aabeiioss" + "t")  # what stands for a letter
OURS: Final = frozenset(
    {"pecportal", "pec", "portale", "posta", "certificata", "postacertificata", "comune", "ufficio", "protocollo"}
)
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "abcdefghijklmnopqrstuvwxyz")


class GuessedFirst:
    """Refuses a password whose core, without digits and signs around it, is a common one, or that repeats itself."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise `ValidationError` for one that a guessing program tries early."""
        plain = password.lower()
        core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
        if _is_known(core) or _is_known(core.translate(_PLAIN)) or _repeats(plain) or _is_a_row(plain):
            raise ValidationError(
                _("This password is among those tried first: choose several words that do not belong together."),
                code="password_guessed_first",
            )

    def get_help_text(self) -> str:
        """What is asked of a password, in words."""
        return _("Several words that do not belong together are easy to remember and hard to guess.")


@cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)  # of breaches, shipped with Django: nothing is asked anywhere


def _is_known(core: str) -> bool:
    halves = core[: len(core) // 2], core[len(core) // 2 :]
    return core in _common() or core in OURS or (halves[0] == halves[1] and halves[0] in _common())


def _repeats(text: str) -> bool:
    """The same few characters over and over."""
    return len(set(text)) < 5 or text in (text + text)[1:-1]


def _is_a_row(text: str) -> bool:
    """Mostly keys, figures or letters that follow each other."""
    pairs = [text[at : at + 2] for at in range(len(text) - 1)]
    beside = sum(any(pair in row or pair[::-1] in row for row in _ROWS) for pair in pairs)
    return 3 * beside >= 2 * len(pairs)
