"""How all stands, for the console's first page: cards whose lines say in words and colours what is to be looked at.

Nothing here counts rows of which there may be millions: what is counted was counted in the background, what is looked
for has an index, and every look ends after so many rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F, FloatField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns import auditing, tallying
from campaigns.console import doubts, quarantine, stuck, unmatched
from campaigns.console.items import MOST
from campaigns.models import Baton, Campaign, LivePump, Message, Reservation, SendingLane
from campaigns.models.tracking import Hold
from campaigns.states import CampaignState, MessageState, Shown
from campaigns.tracking import progress
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, VendorState
from pecportal import clock, queue
from pecportal.operation import deployment, hearing, liveness, switches
from pecportal.operation.liveness import Health
from pecportal.operation.models import Alert, AuditRun, Figure, Pulse, VendorCall
from pecportal.organisations.models import VendorAccount

GOOD: Final = "success"
LOOK: Final = "warning"
ACT: Final = "danger"
PLAIN: Final = "plain"
WORDS: Final[dict[str, Promise]] = {
    GOOD: gettext_lazy("In order"),
    LOOK: gettext_lazy("Look at it"),
    ACT: gettext_lazy("Act now"),
}
MANY: Final = 8  # lines of a card
OLD: Final = timedelta(hours=1)
QUIET: Final = timedelta(minutes=10)
SOON: Final = timedelta(days=30)
BAD_RATE: Final = 5.0  # percent of calls
TERRIBLE_RATE: Final = 25.0
STALE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is about, what is told of it, since or at when, how bad it is, and where it is mended."""

    title: str
    text: str = ""
    tone: str = GOOD
    url: str = ""
    at: datetime | None = None
    word: str = ""

    @property
    def badge(self) -> str:
        """The word beside the colour."""
        return self.word or str(WORDS.get(self.tone, ""))


@dataclass(frozen=True, slots=True)
class Card:
    """Some lines under a title; `url` is the page with all of it."""

    name: str
    title: str
    lines: tuple[Line, ...]
    url: str = ""

    @property
    def tone(self) -> str:
        """That of its worst line."""
        return max((line.tone for line in self.lines), key=(PLAIN, GOOD, LOOK, ACT).index, default=GOOD)


@dataclass(frozen=True, slots=True)
class Board:
    """All cards, and when they were made."""

    cards: tuple[Card, ...]
    at: datetime

    @property
    def tone(self) -> str:
        """That of the worst card."""
        return max((card.tone for card in self.cards), key=(PLAIN, GOOD, LOOK, ACT).index)

    @property
    def word(self) -> str:
        """It in words."""
        return str(WORDS.get(self.tone, WORDS[GOOD]))


def of() -> Board:
    """How all stands just now; nothing is changed by looking."""
    makers: Sequence[Callable[[], Card]] = (
        *(_desks, _switches, _waiting, _statuses, _provider, _work, _lanes, _mailboxes, _wallets, _expiring, _audit),
        _alerts,
    )
    return Board(tuple(make() for make in makers), clock.now())


def _desks() -> Card:
    found = []
    for desk, bad in ((doubts.DESK, LOOK), (unmatched.DESK, LOOK), (stuck.DESK, ACT), (quarantine.DESK, LOOK)):
        count, url = len(desk.keys(0)), reverse("console:desk", args=[desk.name])
        text = _number(count) + ("+" if count >= MOST else "") if count else str(desk.nothing)
        found.append(Line(str(desk.title), text, bad if count else GOOD, url))
    return Card("desks", _("Desks"), tuple(found))


def _switches() -> Card:
    lines, url = [], reverse("console:switches")
    if why := deployment.why_off():
        page = reverse("admin:operation_deployment_lift")
        lines.append(Line(_("The whole portal"), deployment.sentence(why), ACT, page, word=_("Off")))
    off = switches.now().rows[:MANY]
    lines += [Line(str(row), row.sentence, LOOK, url, row.since, word=_("Off")) for row in off]
    return Card("switches", _("Switches"), tuple(lines or [Line(_("Sending"), "", GOOD, url, word=_("On"))]), url)


def _waiting() -> Card:
    """The message that has waited longest in a running campaign, and why."""
    first = Message.objects.filter(campaign=OuterRef("pk"), state=MessageState.QUEUED).order_by("pk").values("pk")[:1]
    running = Campaign.objects.filter(state=CampaignState.RUNNING).annotate(first=Subquery(first))
    ids = list(running.exclude(first=None).values_list("first", flat=True)[:MOST])
    oldest = Message.objects.filter(pk__in=ids).select_related("campaign__mailbox__organisation")
    oldest = oldest.order_by("state_since")[:3]
    lines = []
    for message in oldest:
        held = progress.hold(message.campaign)
        is_old = message.state_since < clock.now() - OLD
        text = held.sentence if held else _("Nothing holds it up: its turn comes.")
        url = reverse("admin:campaigns_campaign_change", args=[message.campaign_id])
        lines.append(Line(str(message.campaign), text, LOOK if held and is_old else GOOD, url, message.state_since))
    return Card("waiting", _("Waiting longest"), tuple(lines or [Line(_("No message waits to be sent."))]))


def _statuses() -> Card:
    counted = Figure.objects.filter(kind=tallying.COUNTED).order_by("-at").values_list("at", flat=True).first()
    lines = []
    for status, count in tallying.statuses().items():
        is_odd = status in (Shown.UNCERTAIN, Shown.NO_OUTCOME)
        lines.append(Line(str(status.label), _number(count), LOOK if is_odd else PLAIN))
    if not lines:
        lines.append(Line(_("Nothing was counted yet."), "", PLAIN))
    elif counted is not None and counted < clock.now() - STALE:
        lines.append(Line(_("The count is old"), "", LOOK, at=counted))
    return Card("statuses", _("Messages by status"), tuple(lines), reverse("admin:campaigns_message_changelist"))


def _provider() -> Card:
    names = {0: _("The account of the settings"), **dict(VendorAccount.objects.values_list("pk", "name"))}
    lines = [_rate()]
    for row in VendorCall.objects.order_by("account", "api")[:20]:
        is_bad = row.bad_at is not None and (row.good_at is None or row.bad_at > row.good_at)
        title = f"{hearing.APIS.get(row.api, row.api)} · {names.get(row.account, row.account)}"
        text = hearing.sentence(row.problem) if is_bad else _("Its last answer was good.")
        if not is_bad and row.problem and row.bad_at and row.bad_at > clock.now() - OLD:
            text += " " + _("Before: %(problem)s") % {"problem": hearing.sentence(row.problem)}
        url = reverse("admin:organisations_vendoraccount_change", args=[row.account]) if row.account else ""
        url = url or reverse("admin:operation_vendorcall_changelist")
        lines.append(Line(title, text, ACT if is_bad else GOOD, url, row.bad_at if is_bad else row.good_at))
    return Card("provider", _("The provider"), tuple(lines), reverse("admin:operation_vendorspan_changelist"))


def _rate() -> Line:
    found = hearing.rate()
    if not found.calls:
        return Line(_("Failures in the last hour"), _("Nothing was asked."), PLAIN)
    tone = ACT if found.percent >= TERRIBLE_RATE else LOOK if found.percent >= BAD_RATE else GOOD
    words = {"percent": number_format(found.percent, 1), "failed": found.failed, "calls": number_format(found.calls)}
    return Line(_("Failures in the last hour"), _("%(percent)s %%: %(failed)s of %(calls)s calls") % words, tone)


def _work() -> Card:
    """The lanes of work, the machines that serve them, and who holds what."""
    tones = {Health.FINE: GOOD, Health.LATE: LOOK, Health.FROZEN: ACT}
    pulses, stuck_page = reverse("admin:operation_pulse_changelist"), reverse("console:desk", args=[stuck.DESK.name])
    lines = []
    for lane in liveness.glance():
        why = " ".join(map(str, lane.signs))
        url = pulses if lane.health is Health.FINE else stuck_page
        lines.append(Line(lane.label, why, tones[lane.health], url, lane.beaten_at, word=str(lane.health.label)))
    now = clock.database_now()
    hosts = Pulse.objects.filter(name__contains="@").order_by("-beaten_at")
    for pulse in hosts[:MANY]:
        silent = (now - pulse.beaten_at).total_seconds() > settings.LIVENESS_LATE_SECONDS
        lines.append(
            Line(
                _("Supervisor of %(lane)s") % {"lane": pulse.name},
                "",
                LOOK if silent else GOOD,
                pulses,
                pulse.beaten_at,
            )
        )
    pumps = LivePump.objects.filter(leased_until__gt=now)[:MOST].count()
    batons = Baton.objects.filter(leased_until__gt=now)[:MOST].count()
    words = (
        ngettext("One pump sends.", "%(count)s pumps send.", pumps) % {"count": pumps}
        if pumps
        else _("No pump sends just now.")
    )
    held = ngettext("One task is held by one worker alone.", "%(count)s tasks are held by one worker alone.", batons)
    lines.append(
        Line(
            _("Leases"),
            f"{words} {held % {'count': batons}}" if batons else words,
            PLAIN,
            reverse("admin:campaigns_livepump_changelist"),
        )
    )
    failures = len(queue.failed(most=MANY + 1))
    text = _("No job failed lately.") if not failures else (f"{MANY}+" if failures > MANY else str(failures))
    lines.append(Line(_("Failed jobs"), text, LOOK if failures else GOOD, reverse("console:queue")))
    return Card("work", _("Workers"), tuple(lines), reverse("console:queue"))


def _lanes() -> Card:
    """The ways out of the mailboxes with running campaigns, the longest silent first."""
    last = Reservation.objects.filter(mailbox=OuterRef("pk"), released=False).order_by("-at").values("at")[:1]
    running = Campaign.objects.filter(state=CampaignState.RUNNING).values("mailbox")
    rows = SendingLane.objects.filter(pk__in=running).select_related("mailbox").annotate(last=Subquery(last))
    lines = []
    for lane in sorted(rows[:MOST], key=lambda row: (not row.hold, row.last is not None, row.last or clock.now()))[
        :MANY
    ]:
        is_held = lane.hold not in ("", Hold.CAP)
        text = (
            str(Hold(lane.hold).label)
            if lane.hold
            else _("It is served.")
            if lane.holder
            else _("Nobody holds it just now.")
        )
        url = reverse("console:desk", args=[stuck.DESK.name]) + f"?mailbox={lane.pk}"
        tone = ACT if lane.hold in (Hold.WALLET, Hold.ACCOUNT, Hold.CREDENTIALS) else LOOK if is_held else GOOD
        lines.append(Line(str(lane.mailbox), text, tone, url, lane.last))
    return Card(
        "lanes",
        _("Ways out of mailboxes"),
        tuple(lines or [Line(_("No campaign is running."))]),
        reverse("admin:campaigns_sendinglane_changelist"),
    )


def _mailboxes() -> Card:
    """Those with the least room first, then those that used most of their day."""
    share = Cast(F("space_used"), FloatField()) / F("space_limit")
    full = _active().filter(space_limit__gt=0).annotate(share=share).order_by("-share")[:MANY]
    used = dict(Figure.objects.filter(kind=tallying.DAY).order_by("-value").values_list("about", "value")[:MOST])
    boxes = {box.pk: box for box in full} | {box.pk: box for box in _active().filter(pk__in=list(used)[:MANY])}
    lines = []
    for box in sorted(boxes.values(), key=lambda each: -(each.space_percent or 0))[:MANY]:
        told = (
            [_("%(percent)s %% of its space") % {"percent": box.space_percent}] if box.space_percent is not None else []
        )
        limit = box.plan.daily_limit if box.plan else None
        if limit:
            words = {
                "used": _number(used.get(box.pk, 0)),
                "limit": _number(limit),
            }
            told.append(_("%(used)s of %(limit)s messages today") % words)
        nearly = (box.space_percent or 0) >= settings.MAILBOX_FULL_PERCENT - 15 or bool(
            limit and used.get(box.pk, 0) > 0.8 * limit
        )
        tone = ACT if box.is_full else LOOK if nearly else GOOD
        lines.append(
            Line(
                str(box), " · ".join(told), tone, reverse("admin:mailboxes_mailbox_change", args=[box.pk]), box.space_at
            )
        )
    return Card(
        "mailboxes",
        _("Space and allowance"),
        tuple(lines or [Line(_("No mailbox was read yet."), "", PLAIN)]),
        reverse("admin:mailboxes_mailbox_changelist"),
    )


def _active() -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(vendor_state=VendorState.ACTIVE).select_related("plan")


def _wallets() -> Card:
    lines = []
    for account in VendorAccount.objects.filter(environment=settings.OPENAPI_ENV).order_by("credit")[:MANY]:
        url = reverse("admin:organisations_vendoraccount_change", args=[account.pk])
        told = (
            _("not read yet")
            if account.credit is None
            else _("%(euros)s euros") % {"euros": number_format(account.credit, 2, force_grouping=True)}
        )
        tone = (
            ACT
            if account.is_low or account.credit == 0
            else LOOK
            if account.credit is None or account.credit_problem
            else GOOD
        )
        if account.credit_problem:
            told += ". " + _("It could not be read since.")
        lines.append(Line(str(account), told, tone, url, account.credit_at))
    if not lines:
        text = _("Its credit is not watched: enter it as an account to have it read every hour.")
        lines.append(
            Line(_("The account of the settings"), text, PLAIN, reverse("admin:organisations_vendoraccount_changelist"))
        )
    return Card("wallets", _("Credit"), tuple(lines), reverse("admin:organisations_vendoraccount_changelist"))


def _expiring() -> Card:
    """Mailboxes that expire within a month, passwords that are refused, and a token that nobody renews."""
    now = clock.now()
    lines = []
    for box in _active().filter(expires_at__lt=now + SOON).order_by("expires_at")[:MANY]:
        tone = ACT if box.expires_at is not None and box.expires_at < now + timedelta(days=7) else LOOK
        lines.append(
            Line(
                str(box),
                _("The mailbox expires."),
                tone,
                reverse("admin:mailboxes_mailbox_change", args=[box.pk]),
                box.expires_at,
            )
        )
    page = reverse("console:desk", args=[stuck.DESK.name])
    refused = _active().filter(credentials_state=CredentialsState.REFUSED).order_by("credentials_since")[:MANY]
    told = _("Its password is refused.")
    lines += [Line(str(box), told, ACT, f"{page}?mailbox={box.pk}", box.credentials_since) for box in refused]
    if settings.OPENAPI_TOKEN:
        text = _("A token stands in the settings (OPENAPI_TOKEN): the portal cannot renew it, nor tell when it ends.")
        lines.append(Line(_("Token"), text, LOOK))
    return Card(
        "expiring",
        _("Expiries and passwords"),
        tuple(lines or [Line(_("Nothing expires within 30 days; tokens are renewed by themselves."))]),
    )


def _audit() -> Card:
    url = reverse("admin:operation_auditrun_changelist")
    audit = AuditRun.objects.exclude(ended_at=None).first()
    if audit is None:
        return Card("audit", _("Self-audit"), (Line(_("There was no self-audit yet."), "", LOOK, url),), url)
    page = reverse("admin:operation_auditrun_change", args=[audit.pk])
    bad = [(name, count) for name, count in audit.found.items() if count]
    lines = [Line(auditing.sentence(name), number_format(count), ACT, page) for name, count in bad[:MANY]]
    if audit.started_at < clock.now() - timedelta(hours=26):
        lines.append(Line(_("It is more than a day old."), "", LOOK, url, audit.started_at))
    return Card(
        "audit", _("Self-audit"), tuple(lines or [Line(_("It found nothing."), "", GOOD, page, audit.started_at)]), url
    )


def _alerts() -> Card:
    url = reverse("admin:operation_alert_changelist") + "?ended_at__isempty=1"
    rows = Alert.objects.filter(Q(ended_at=None)).select_related("organisation").order_by("-pk")[:MANY]
    lines = [
        Line(
            f"{row.kind} {row.key}",
            str(row.organisation or ""),
            LOOK,
            reverse("admin:operation_alert_change", args=[row.pk]),
            row.raised_at,
        )
        for row in rows
    ]
    return Card("alerts", _("Open alerts"), tuple(lines or [Line(_("No alert is open."))]), url)


def _number(value: int) -> str:
    return str(number_format(value, force_grouping=True))
