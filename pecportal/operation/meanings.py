"""What each kind of alert means, in words for operators: what happened, what clerks notice, what to do.

Applications add their own when they are ready; an alert that nobody has put into words is told with its plain facts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pecportal.operation.models import Alert


def by_key(alert: Alert) -> str:
    """An alert's own key, where that is a name already."""
    return alert.key


@dataclass(frozen=True, slots=True)
class Meaning:
    """`title` may hold `%(name)s` and the alert's facts; `clerks` is what it means for them, `todo` what to do.

    `name` gives what the alert is about, as people call it.
    """

    title: str | Promise
    clerks: str | Promise
    todo: str | Promise
    name: Callable[[Alert], str] = by_key


@dataclass(frozen=True, slots=True)
class Told:
    """One alert in the active language; `name` is what it is about."""

    title: str
    clerks: str
    todo: str
    name: str


_meanings: Final[dict[str, Meaning]] = {}
_NONE: Final = gettext_lazy("Clerks notice nothing of it.")
_UNSENT: Final = gettext_lazy("Nothing is sent meanwhile; nothing is lost, and it goes on by itself afterwards.")

_TOP_UP: Final = gettext_lazy(
    "Top the account up at the provider. If sending stands still already: “What does not move” in the console, and "
    "“Try again at once”."
)


def add(kind: str, meaning: Meaning) -> None:
    """Say what a kind of alert means; said again it takes the place of what was said before."""
    _meanings[kind] = meaning


def of(alert: Alert) -> Told:
    """What an alert means."""
    meaning = _meanings.get(alert.kind)
    if meaning is None:
        return Told(f"{alert.kind} {alert.key}".strip(), _("What it means is in the console."), "", alert.key)
    name = meaning.name(alert)
    return Told(_filled(meaning.title, alert, name), str(meaning.clerks), str(meaning.todo), name)


def kinds() -> frozenset[str]:
    """The kinds that have words."""
    return frozenset(_meanings)


def _filled(text: str | Promise, alert: Alert, name: str) -> str:
    try:
        return str(text) % {**alert.facts, "name": name}
    except (KeyError, TypeError, ValueError):  # an alert of an earlier version has other facts
        return f"{alert.kind} {name}".strip()


def _account(alert: Alert) -> str:
    from pecportal.operation import watching  # it raises alerts itself

    return watching.account_name(alert.key)


def _lane(alert: Alert) -> str:
    from pecportal.operation import liveness  # it raises alerts itself

    return str(liveness.LABELS.get(alert.key, alert.key))


add(
    "liveness",
    Meaning(
        gettext_lazy("Background work is not in order: %(name)s"),
        gettext_lazy(
            "Messages may leave late, receipts may be shown late. Nothing is lost, and nothing is sent twice."
        ),
        gettext_lazy(
            "Look whether “supervise” runs, and whether the database can be reached. The page “Signs of life” says why."
        ),
        _lane,
    ),
)
add(
    "liveness.restart",
    Meaning(
        gettext_lazy("Workers were at a standstill and were replaced: %(name)s"),
        gettext_lazy("What was on its way may be in doubt until its receipts are read."),
        gettext_lazy("Nothing, if it stays at one. If it comes again, look into the log."),
        _lane,
    ),
)
add(
    "queue.dropped",
    Meaning(
        gettext_lazy("Jobs of the queue %(name)s could not be read, and were dropped"),
        gettext_lazy("What they were for is done a minute later."),
        gettext_lazy("Look whether SECRET_KEY was changed."),
    ),
)
add(
    "sending.off",
    Meaning(
        gettext_lazy("Sending is switched off: the database was restored, or belongs to another installation"),
        gettext_lazy("Nothing is sent until somebody switches sending on again; the pages say so."),
        gettext_lazy("Wait until every mailbox was searched, then switch sending on in the console: “Deployments”."),
    ),
)
add(
    "journal.broken",
    Meaning(
        gettext_lazy("The journal does not hold from entry %(number)s: %(reason)s"),
        gettext_lazy(
            "Clerks can go on working. What the journal says from that entry on proves nothing until it is explained."
        ),
        gettext_lazy("Find out who had access to the database. Keep it as it is, and compare it with a backup."),
    ),
)
add(
    "journal.unguarded",
    Meaning(
        gettext_lazy("The database's guard of the journal was missing; it has been put back"),
        _NONE,
        gettext_lazy(
            "Find out who took it away: perhaps a restore did. “verify_journal” says whether the journal holds."
        ),
    ),
)
add(
    "vendor.refused",
    Meaning(
        gettext_lazy("The provider refuses the account %(name)s (401)"),
        _UNSENT,
        gettext_lazy("Look at the account's e-mail address and key in the console, and test the account."),
        _account,
    ),
)
add(
    "vendor.credit",
    Meaning(
        gettext_lazy("The credit of the account %(name)s is used up (402)"),
        _UNSENT,
        _TOP_UP,
        _account,
    ),
)
add(
    "wallet.low",
    Meaning(
        gettext_lazy("The credit of the account %(name)s is below its alarm"),
        gettext_lazy(
            "Nothing yet. Once it is used up nothing is sent until the account is topped up; nothing is lost."
        ),
        _TOP_UP,
        _account,
    ),
)
add(
    "vendor.away",
    Meaning(
        gettext_lazy("The provider does not answer as it should: %(name)s"),
        gettext_lazy(
            "Messages leave late. What was on its way when it began may be in doubt until its receipts are read."
        ),
        gettext_lazy("Nothing, if it is over soon. Look at the provider's own page of its state."),
        _account,
    ),
)
add(
    "disk",
    Meaning(
        gettext_lazy("Only %(free)s MB are free where the portal keeps its files (%(percent)s%%)"),
        gettext_lazy("Uploads may be refused soon, and sending may stop."),
        gettext_lazy("Make room, or give the disk more space."),
    ),
)
add(
    "clock",
    Meaning(
        gettext_lazy("The clock of %(name)s differs from the database's by %(seconds)s seconds"),
        gettext_lazy("The portal corrects its own times by it, but jobs of its schedule begin at wrong times."),
        gettext_lazy("Look whether the machine's clock is set by the network (NTP)."),
    ),
)
add(
    "antivirus",
    Meaning(
        gettext_lazy("The virus scanner does not answer"),
        gettext_lazy("No file is taken meanwhile: whoever uploads one is asked to try again."),
        gettext_lazy("Look whether clamd runs and can be reached."),
    ),
)
