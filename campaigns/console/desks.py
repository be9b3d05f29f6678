"""All desks of the console, and their acts as the journal tells them."""

from typing import Final

from django.utils.functional import Promise
from django.utils.text import format_lazy

from campaigns.console import doubts, quarantine, stuck, unmatched
from campaigns.console.items import Desk

DESKS: Final[dict[str, Desk]] = {each.name: each for each in (doubts.DESK, unmatched.DESK, stuck.DESK, quarantine.DESK)}


def sentences() -> dict[str, Promise]:
    """Each act of each desk in words, for the journal."""
    return {
        f"console.act:{desk.name}.{act.name}": format_lazy("{}, “{}”: %(what)s", desk.title, act.label)
        for desk in DESKS.values()
        for act in desk.acts
    }
