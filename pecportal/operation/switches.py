"""The switches with which operators stop the sending: of the whole portal, an account, a mailbox, or a campaign.

What is switched off is claimed no more from that moment on, since the claim itself asks for it. What is on the wire is
finished. Clerks read the switch's sentence on their pages; its reason is for the journal.
"""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from pecportal import clock, vendor
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation.models import Scope, Switch
from pecportal.organisations.models import Organisation, User
from pecportal.queue import enqueue

LONGEST_SENTENCE: Final = 300
LONGEST_REASON: Final = 2000
ON: Final = {"sending": "on"}  # as the journal tells it
GONE: Final = {"sending": "off"}
# whether something is off, for statements: its parameters are the ids of account (0: the settings'), mailbox, campaign
OFF: Final = """EXISTS (
    SELECT 1 FROM operation_switch s WHERE s.ended_at IS NULL AND (
        s.scope = 'all' OR s.scope = 'account' AND s.about = %s OR s.scope = 'mailbox' AND s.about = %s
        OR s.scope = 'campaign' AND s.about = %s))"""


@dataclass(frozen=True, slots=True)
class Off:
    """All that is switched off at one moment."""

    rows: tuple[Switch, ...]

    def of(self, scope: Scope, about: int = 0) -> Switch | None:
        """The switch that is about exactly this."""
        return next((row for row in self.rows if (row.scope, row.about) == (scope, about)), None)

    @property
    def is_all(self) -> bool:
        """Whether nothing at all may be sent."""
        return self.has(Scope.ALL)

    def has(self, scope: Scope) -> bool:
        """Whether anything of this scope is off."""
        return any(row.scope == scope for row in self.rows)


def now() -> Off:
    """What is switched off just now; one query."""
    return Off(tuple(Switch.objects.filter(ended_at=None).select_related("by", "organisation").order_by("pk")))


def told(switch: Switch) -> str:
    """What clerks read about it."""
    sentence = _("Whoever looks after the portal has switched the sending off. %(sentence)s")
    return sentence % {"sentence": switch.sentence}


def of_organisation(organisation: Organisation) -> list[Switch]:
    """The switches that concern an organisation: its own ones, and those that are about everybody."""
    account = organisation.vendor_account or vendor.default()
    pk = account.pk if account else 0
    return [
        row
        for row in now().rows
        if row.scope == Scope.ALL
        or row.organisation_id == organisation.pk
        or (row.scope, row.about) == (Scope.ACCOUNT, pk)
    ]


def turn_off(
    scope: Scope,
    about: int = 0,
    *,
    name: str = "",
    sentence: str,
    reason: str,
    actor: User,
    organisation: Organisation | None = None,
) -> bool:
    """Send nothing more of it; False when it was off already, which stays as it was.

    Raises `Refusal` without a sentence for the clerks, or without a reason.
    """
    sentence, reason = sentence.strip(), _reason(reason)
    if not sentence:
        raise Refusal(_("Write what clerks shall read on their pages."), field="sentence")
    if len(sentence) > LONGEST_SENTENCE:
        raise Refusal(_("The sentence is too long."), field="sentence")
    facts = {"name": name, "organisation": organisation, "sentence": sentence, "reason": reason, "by": actor}
    with transaction.atomic():
        row, is_new = Switch.objects.get_or_create(
            scope=scope, about=about, ended_at=None, defaults={**facts, "since": clock.now()}
        )
        if is_new:
            told = {"scope": str(scope), "about": about, "sentence": sentence, "reason": reason}
            record("switch.off", actor=actor, organisation=organisation, target=row, before=ON, after=GONE, **told)
    return is_new


def turn_on(scope: Scope, about: int = 0, *, reason: str, actor: User) -> bool:
    """Let it be sent again, unless another switch is about it, too; False when it was on already.

    Raises `Refusal` without a reason.
    """
    reason = _reason(reason)
    with transaction.atomic():
        row = Switch.objects.filter(scope=scope, about=about, ended_at=None).select_related("organisation").first()
        if row is None:
            return False
        mine = Switch.objects.filter(pk=row.pk, ended_at=None)
        if not mine.update(ended_at=clock.now(), ended_by=actor, ended_reason=reason):
            return False
        told = {"scope": str(scope), "about": about, "reason": reason}
        record("switch.on", actor=actor, organisation=row.organisation, target=row, before=GONE, after=ON, **told)
        enqueue("campaigns.tasks.pump")
    return True


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refusal(_("Write down why: the reason is kept in the journal."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refusal(_("The reason is too long."), field="reason")
    return reason
