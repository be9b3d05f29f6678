"""When a draft's messages may leave: hours, days, not before, how many go on trial; and by when they are wanted."""

from dataclasses import asdict, dataclass
from datetime import datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.preparing import drafts
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User

MOST_ON_TRIAL = 1000


@dataclass(frozen=True, slots=True)
class When:
    """The choices; times of day are those of Rome's clocks, `weekdays` are ISO digits such as "12345"."""

    opens: time | None = None
    closes: time | None = None
    weekdays: str = "1234567"
    on_holidays: bool = True
    starts_at: datetime | None = None
    wanted_by: datetime | None = None
    pilot_size: int = 0


def of(campaign: Campaign) -> When:
    """What was chosen for a campaign."""
    return When(**{name: getattr(campaign, name) for name in When.__slots__})


@transaction.atomic
def save(campaign: Campaign, when: When, *, actor: User) -> None:
    """Give a draft its hours and dates; the same again changes nothing.

    Raises `Refusal` on the field that makes no sense, or when it is not a draft any more.
    """
    draft = drafts.locked(campaign)
    before = of(draft)
    if when == before:
        return
    _check(when, before)
    for name, value in asdict(when).items():
        setattr(draft, name, value)
    draft.save(update_fields=list(When.__slots__))
    facts = {name: value if isinstance(value, bool) else str(value or "") for name, value in asdict(when).items()}
    record("campaign.schedule", actor=actor, organisation=draft.organisation, target=draft, **facts)


def _check(when: When, before: When) -> None:
    now = clock.now()
    if not 0 <= when.pilot_size <= MOST_ON_TRIAL:
        sentence = _("At most %(count)s messages can go on trial.") % {"count": MOST_ON_TRIAL}
        raise Refusal(sentence, field="pilot_size")
    if not when.weekdays:
        raise Refusal(_("Choose at least one day of the week."), field="weekdays")
    if when.opens is not None and when.opens == when.closes:
        raise Refusal(
            _("It begins and ends at the same time: leave both empty to send all day."),
            field="closes",
        )
    if when.starts_at is not None and when.starts_at < now and when.starts_at != before.starts_at:
        raise Refusal(_("This has passed already: leave it empty to begin at once."), field="starts_at")
    if when.wanted_by is None:
        return
    if when.wanted_by <= now:
        raise Refusal(_("This has passed already: choose a later date, or leave it empty."), field="wanted_by")
    if when.starts_at is not None and when.wanted_by <= when.starts_at:
        raise Refusal(_("This is before the sending may begin."), field="wanted_by")
