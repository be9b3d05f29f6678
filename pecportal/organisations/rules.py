"""Which acts take a second person, and whether members need a second factor: its administrator may ask for more, an
operator for less, too.

Whoever could loosen the rule that binds them would not be bound by it. Every change is in the journal, old and new.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.journal.record import record
from pecportal.organisations.models import FourEyes, Organisation, User

ACTION: Final = "organisation.rules"
SAVED: Final = "organisation.save"  # by an operator, with whatever else was changed


@dataclass(frozen=True, slots=True)
class Rules:
    """What an organisation asks for; numbers are recipients. See the fields of `Organisation`."""

    four_eyes: str
    four_eyes_above: int
    two_approve_above: int | None
    two_decide: bool
    two_order: bool
    second_factor: bool
    programs_daily_limit: int = 0

    @classmethod
    def of(cls, organisation: Organisation) -> "Rules":
        """Those that hold now."""
        return cls(**{name: getattr(organisation, name) for name in FIELDS})

    def one_approves_above(self) -> float:
        """The recipients above which somebody has to approve."""
        above = {FourEyes.ALWAYS.value: -1.0, FourEyes.NEVER.value: math.inf}
        return above.get(self.four_eyes, float(self.four_eyes_above))

    def two_approve_from(self) -> float:
        """The recipients above which two have to."""
        return math.inf if self.two_approve_above is None else float(self.two_approve_above)


FIELDS: Final = tuple(Rules.__annotations__)
_STRICTNESS: Final[Mapping[str, Callable[[Rules], float]]] = {  # the lower, the stricter
    "four_eyes": Rules.one_approves_above,
    "two_approve_above": Rules.two_approve_from,
    "two_decide": lambda rules: -float(rules.two_decide),
    "two_order": lambda rules: -float(rules.two_order),
    "second_factor": lambda rules: -float(rules.second_factor),
    "programs_daily_limit": lambda rules: float(rules.programs_daily_limit),
}


@transaction.atomic
def tighten(organisation: Organisation, rules: Rules, *, actor: User) -> bool:
    """Let these rules hold; False when they did already.

    Raises `Refusal`, on the field, and changes nothing, for one that asks for less than before.
    """
    row = Organisation.objects.select_for_update().get(pk=organisation.pk)
    before = Rules.of(row)
    for name, strictness in _STRICTNESS.items():
        if strictness(rules) > strictness(before):
            loosened_by_number = name == "four_eyes" and rules.four_eyes == before.four_eyes
            field = "four_eyes_above" if loosened_by_number else name
            raise Refusal(_("Here it can only be made stricter: ask whoever looks after the portal."), field=field)
    changed = changes(asdict(before), asdict(rules))
    if not changed:
        return False
    for name in changed:
        setattr(row, name, getattr(rules, name))
    row.save(update_fields=list(changed))
    old, new = sides(changed)
    record(ACTION, actor=actor, organisation=row, target=row, before=old, after=new, **changed)
    return True


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, list[object]]:
    """What differs, as the journal tells it: the old and the new."""
    return {name: [value, after[name]] for name, value in before.items() if after[name] != value}


def sides(changed: Mapping[str, Sequence[object]]) -> tuple[dict[str, object], dict[str, object]]:
    """What `changes` found, as it was and as it is."""
    return {name: pair[0] for name, pair in changed.items()}, {name: pair[1] for name, pair in changed.items()}


def latest(organisation: Organisation, *, most: int = 10) -> Iterable[Entry]:
    """The last changes, the newest first."""
    rows = Entry.objects.filter(organisation=organisation, action__in=[ACTION, SAVED])
    return rows.select_related("actor").order_by("-number")[:most]


def told(entry: Entry) -> list[tuple[str, str, str]]:
    """An entry's changes for people: what, before, after."""
    found = []
    for name, change in entry.facts.items():
        field = Organisation._meta.get_field(name)
        old, new = (_shown(name, value) for value in change)
        found.append((str(getattr(field, "verbose_name", name)), old, new))
    return found


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "four_eyes":
        return str(FourEyes(str(value)).label)
    return "–" if value is None else str(value)
