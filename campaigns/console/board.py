"""How all stands, for the console's first page: cards whose lines say in words and colours what is to be looked at.

Nothing here counts rows of which there may be millions: what is counted was counted in the background, what is looked
for has an index, and every look ends after so many rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import auditing, tallying
from campaigns.console import doubts, outside, quarantine, stuck, unmatched
from campaigns.console.cards import ACT, GOOD, LOOK, MANY, PLAIN, STALE, WORDS, Card, Line, number
from campaigns.console.items import MOST
from campaigns.models import Baton, Campaign, LivePump, Message, Reservation, SendingLane
from campaigns.models.senders import sending
from campaigns.models.tracking import Hold
from campaigns.states import CampaignState, MessageState, Shown
from campaigns.tracking import progress
from pecportal import clock, queue
from pecportal.operation import deployment, liveness, meanings, switches
from pecportal.operation.liveness import Health
from pecportal.operation.models import Alert, AuditRun, Pulse


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
    def troubled(self) -> list[Card]:
        """The cards that want somebody, the worst first."""
        found = [card for card in self.cards if card.tone in (LOOK, ACT)]
        return sorted(found, key=lambda card: card.tone != ACT)

    @property
    def word(self) -> str:
        """It in words."""
        return str(WORDS.get(self.tone, WORDS[GOOD]))


def of() -> Board:
    """How all stands just now; nothing is changed by looking."""
    lanes = liveness.glance()
    makers: Sequence[Callable[[], Card]] = (
        *(
            partial(_desks, lanes),
            _switches,
            _waiting,
            _statuses,
            outside.provider,
            partial(_work, lanes),
            _lanes,
            outside.mailboxes,
            outside.wallets,
            outside.expiring,
            _audit,
        ),
        _alerts,
    )
    return Board(tuple(make() for make in makers), clock.now())


def _desks(lanes: Sequence[liveness.Lane]) -> Card:
    found = []
    for desk, bad in ((doubts.DESK, LOOK), (unmatched.DESK, LOOK), (stuck.DESK, ACT), (quarantine.DESK, LOOK)):
        keys = stuck.keys(0, lanes) if desk is stuck.DESK else desk.keys(0)
        count, url = len(keys), reverse("console:desk", args=[desk.name])
        shown = number(count) + ("+" if count >= MOST else "")
        text = ngettext("%(shown)s waits", "%(shown)s wait", count) % {"shown": shown} if count else str(desk.nothing)
        found.append(Line(str(desk.title), text, bad if count else GOOD, url))
    return Card("desks", _("Desks"), tuple(found))


def _switches() -> Card:
    lines, url = [], reverse("console:switches")
    if why := deployment.why_off():
        page = reverse("admin:operation_deployment_lift")
        lines.append(Line(_("The whole portal"), deployment.sentence(why), ACT, page, word=_("Off")))
    off = switches.now().rows[:MANY]
    since = _("since %(time)s")
    lines += [Line(str(row), row.sentence, LOOK, url, row.since, word=_("Off"), said=since) for row in off]
    lines = lines or [Line(_("Sending"), "", GOOD, url, word=_("On"))]
    lines.append(Line(_("Stop a campaign, a mailbox or everything"), "", PLAIN, url))
    return Card("switches", _("Switches"), tuple(lines), url)


def _waiting() -> Card:
    """The message that has waited longest in a running campaign, and why."""
    first = Message.objects.filter(campaign=OuterRef("pk"), state=MessageState.QUEUED).order_by("pk").values("pk")[:1]
    running = Campaign.objects.filter(state=CampaignState.RUNNING).annotate(first=Subquery(first))
    ids = list(running.exclude(first=None).values_list("first", flat=True)[:MOST])
    oldest = Message.objects.filter(pk__in=ids).select_related(
        "campaign__mailbox__organisation__vendor_account", "campaign__mailbox__vendor_account"
    )
    oldest = oldest.order_by("state_since")[:1]
    lines = []
    for message in oldest:
        held = progress.hold(message.campaign)
        is_stuck = held is not None and held.goes_on is None  # else it waits for a time that is known
        text = held.sentence if held else _("Nothing holds it up: its turn comes.")
        url = reverse("admin:campaigns_campaign_change", args=[message.campaign_id])
        tone, since = LOOK if is_stuck else GOOD, _("since %(time)s")
        lines.append(Line(str(message.campaign), text, tone, url, message.state_since, said=since))
    return Card("waiting", _("Waiting longest"), tuple(lines or [Line(_("No message waits to be sent."))]))


def _statuses() -> Card:
    counted = tallying.counted_at()
    lines = []
    for status, count in tallying.statuses().items():
        is_odd = status in (Shown.UNCERTAIN, Shown.NO_OUTCOME)
        lines.append(Line(str(status.label), number(count), LOOK if is_odd else PLAIN))
    if not lines:
        lines.append(Line(_("Nothing was counted yet."), "", PLAIN))
    elif counted is not None and counted < clock.now() - STALE:
        lines.append(Line(_("The count is old"), "", LOOK, at=counted, said=_("counted %(time)s")))
    return Card("statuses", _("Messages by status"), tuple(lines), reverse("admin:campaigns_message_changelist"))


def _work(lanes: Sequence[liveness.Lane]) -> Card:
    """The lanes of work, the machines that serve them, and who holds what."""
    tones = {Health.FINE: GOOD, Health.LATE: LOOK, Health.FROZEN: ACT}
    pulses, stuck_page = reverse("admin:operation_pulse_changelist"), reverse("console:desk", args=[stuck.DESK.name])
    lines, beat = [], _("last sign of life %(time)s")
    for lane in lanes:
        why = " ".join(map(str, lane.signs))
        url = pulses if lane.health is Health.FINE else stuck_page
        lines.append(Line(lane.label, why, tones[lane.health], url, lane.beaten_at, str(lane.health.label), beat))
    now = clock.database_now()
    hosts = Pulse.objects.filter(name__contains="@").order_by("-beaten_at")
    for pulse in hosts[:MANY]:
        silent = (now - pulse.beaten_at).total_seconds() > settings.LIVENESS_LATE_SECONDS
        name, _at, host = pulse.name.partition("@")
        title = _("Supervisor on %(host)s: %(lane)s") % {"host": host, "lane": liveness.LABELS.get(name, name)}
        tone = LOOK if silent else GOOD
        lines.append(Line(title, "", tone, pulses, pulse.beaten_at, said=beat))
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
    running = sending(Campaign.objects.filter(state=CampaignState.RUNNING))
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
        lines.append(Line(str(lane.mailbox), text, tone, url, lane.last, said=_("last message %(time)s")))
    return Card(
        "lanes",
        _("Ways out of mailboxes"),
        tuple(lines or [Line(_("No campaign is running."))]),
        reverse("admin:campaigns_sendinglane_changelist"),
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
    fine = Line(_("It found nothing."), "", GOOD, page, audit.started_at)
    return Card("audit", _("Self-audit"), tuple(lines or [fine]), url)


def _alerts() -> Card:
    url = reverse("admin:operation_alert_changelist") + "?ended_at__isempty=1"
    rows = Alert.objects.filter(Q(ended_at=None)).select_related("organisation").order_by("-pk")[:MANY]
    lines = [
        Line(
            meanings.of(row).title,
            str(row.organisation or ""),
            LOOK,
            reverse("admin:operation_alert_change", args=[row.pk]),
            row.raised_at,
            said=_("since %(time)s"),
        )
        for row in rows
    ]
    return Card("alerts", _("Open alerts"), tuple(lines or [Line(_("No alert is open."))]), url)
