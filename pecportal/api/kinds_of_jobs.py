"""Which kinds of jobs the API knows; by name alone, so that whoever registers one loads nothing of the API."""

from typing import Final

KINDS: Final[dict[str, tuple[str, str]]] = {}


def register(kind: str, model: str, describe: str) -> None:
    """Make a kind known: the model (`app.Model`) of its rows, and the dotted name of what tells how far a row is.

    That is a function of the row which returns a `pecportal.api.jobs.Progress`.
    """
    KINDS[kind] = (model, describe)
