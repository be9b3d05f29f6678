"""The desk of what does not move though it should: each with what is known of why, and what may set it going again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.console import undelivered
from campaigns.console.items import MOST, Act, Desk, Item
from campaigns.console.moving import again, free, password, try_now
from campaigns.models import (
    Attempt,
    Campaign,
    Intake,
    Letter,
    ListReading,
    Message,
    ReadingState,
    Reservation,
    SendingLane,
    Sheet,
)
from campaigns.models.senders import sent_from
from campaigns.models.tracking import Hold
from campaigns.states import CampaignState, IntakeState, LetterState, MessageState, Pilot, SheetState
from campaigns.tracking import progress
from mailboxes import switched
from mailboxes.models import HandIn, Mailbox
from mailboxes.models.papers import HandInState
from mailboxes.states import CredentialsState, MailboxState, VendorState
from pecportal import clock, vendor
from pecportal.operation import deployment, liveness, meanings, switches
from pecportal.operation.liveness import Health
from pecportal.operation.models import Alert

LONG = timedelta(minutes=15)  # what should be over by then is called stuck
SILENT = timedelta(minutes=10)
NO_PUMP = timedelta(minutes=3)
RELATED = ["mailbox", *(f"mailbox__{name}" for name in vendor.RELATED)]


def keys(mailbox: int = 0, lanes: Sequence[liveness.Lane] | None = None) -> list[str]:
    """All that is stuck: lanes of work, then ways out of mailboxes, then the rest; `lanes` as they were just seen."""
    lanes = lanes if lanes is not None else liveness.glance()
    found = [] if mailbox else [f"work:{lane.name}" for lane in lanes if lane.health is not Health.FINE]
    for name, (rows, path, _item) in KINDS.items():
        queryset = rows()
        if mailbox:
            queryset = queryset.filter(_of(mailbox, path)) if path is not None else queryset.none()
        found += [f"{name}:{pk}" for pk in queryset.order_by("pk").values_list("pk", flat=True)[:MOST]]
    return found[:MOST]


def items(wanted: Sequence[str]) -> list[Item]:
    """What is known of these; what moves again is left out."""
    found = [_work(lane) for lane in liveness.glance() if f"work:{lane.name}" in wanted and lane.signs]
    for name, (rows, _path, item) in KINDS.items():
        pairs = [key.partition(":") for key in wanted]
        ids = [int(pk) for kind, _sign, pk in pairs if kind == name and pk.isdecimal()]
        found += [item(row) for row in rows().filter(pk__in=ids).order_by("pk")] if ids else []
    return found


def _of(mailbox: int, path: str) -> Q:
    """What is about a mailbox. A path that ends in `campaign__`, or is empty, leads to a campaign that it may share."""
    if path and not path.endswith("campaign__"):
        return Q(**{path: mailbox})
    return sent_from(Mailbox.objects.filter(pk=mailbox), path=path)


def _work(lane: liveness.Lane) -> Item:
    told = meanings.of(Alert(kind=liveness.ALERT, key=lane.name))
    return Item(
        key=f"work:{lane.name}",
        title=_("Lane of work: %(lane)s") % {"lane": lane.label},
        what=str(lane.health.label),
        row=lane,
        since=lane.beaten_at,
        evidence=(*(str(sign) for sign in lane.signs), told.clerks, told.todo),
        url=reverse("admin:operation_pulse_changelist"),
        acts=("again",),
    )


def _lanes() -> QuerySet[SendingLane]:
    """Ways out that are held up, or that nobody serves, or whose holder sends nothing, while messages are due."""
    leases = clock.database_now()
    last = Reservation.objects.filter(mailbox=OuterRef("pk"), released=False).order_by("-at").values("at")[:1]
    rows = SendingLane.objects.filter(pk__in=_due()).annotate(last=Subquery(last))
    held = ~Q(hold__in=["", Hold.CAP])
    silent = Q(last=None) | Q(last__lt=clock.now() - SILENT)
    unserved = Q(leased_until=None) | Q(leased_until__lt=leases - NO_PUMP)
    frozen = Q(hold="") & silent & (unserved | Q(leased_until__gt=leases))
    if deployment.is_off() or switches.now().is_all:
        return rows.none()
    return rows.filter(held | frozen).select_related(*RELATED, "mailbox__organisation")


def _due() -> list[int]:
    """The mailboxes of running campaigns whose messages have been due for a while.

    Of a campaign on trial thousands wait for a few: to look through them would take long, and the trial is watched.
    """
    waits = Message.objects.filter(state=MessageState.QUEUED, not_before__lt=timezone.now() - NO_PUMP).order_by()
    due = waits.filter(campaign=OuterRef("pk")).order_by("pk").values("pk")[:1]
    running = Campaign.objects.filter(state=CampaignState.RUNNING, state_since__lt=clock.now() - NO_PUMP)
    found = running.exclude(pilot=Pilot.GOING).annotate(due=Subquery(due)).exclude(due=None).order_by()
    boxes = set(found.filter(is_split=False).values_list("mailbox", flat=True))
    for campaign in found.filter(is_split=True):
        boxes |= set(waits.filter(campaign=campaign).values_list("mailbox", flat=True).distinct())
    return sorted(boxes)


def _lane(lane: Any) -> Item:
    told, acts = [], ["again"]
    is_leased = lane.leased_until is not None and lane.leased_until > clock.database_now()
    if switch := switched.off(lane.mailbox):
        told.append(_("It is switched off: %(sentence)s") % {"sentence": switch.sentence})
    elif lane.hold:
        told.append(str(progress.HELD.get(Hold(lane.hold), Hold(lane.hold).label)))
        acts = ["try"] if lane.hold in (Hold.VENDOR, Hold.ACCOUNT, Hold.WALLET) else []
        if lane.hold == Hold.WALLET:
            words = {"account": vendor.account_of(lane.mailbox) or _("The account of the settings")}
            told.append(_("Account: %(account)s. Top it up at the provider, then try again at once.") % words)
    elif is_leased:
        told.append(_("%(holder)s holds it and sends nothing.") % {"holder": lane.holder or "-"})
        acts = ["free"]
    else:
        told.append(_("Messages are due, and nobody serves it. Perhaps they are outside their hours."))
    if reason := lane.mailbox.why_not_now():
        told.append(reason)
    since = lane.last
    if lane.mailbox.credentials_state == CredentialsState.REFUSED:
        acts, since = ["password"], lane.mailbox.credentials_since
    if lane.breaker_level:
        told.append(_("Failures in a row: %(count)s.") % {"count": lane.breaker_level})
    return Item(
        key=f"lane:{lane.pk}",
        title=_("Way out of a mailbox"),
        what=str(lane.mailbox.address),
        row=lane,
        organisation=lane.mailbox.organisation,
        since=since,
        evidence=tuple(told),
        url=reverse("admin:campaigns_sendinglane_change", args=[lane.pk]),
        acts=tuple(acts),
    )


def _boxes() -> QuerySet[Mailbox]:
    """Mailboxes whose password is refused, or whose registration is not sent."""
    refused = Q(vendor_state=VendorState.ACTIVE, credentials_state=CredentialsState.REFUSED)
    late = Q(state=MailboxState.REGISTERING, state_since__lt=clock.now() - LONG)
    return Mailbox.objects.filter(refused | late).select_related("organisation")


def _box(mailbox: Mailbox) -> Item:
    is_refused = mailbox.is_active
    told = [mailbox.why_not() or ""] if is_refused else [_("Its registration has not been sent to the provider.")]
    if is_refused:
        letter = mailbox.notices.filter(kind="credentials", sent_at__isnull=False).order_by("-pk").first()
        at = {"at": clock.shown(letter.sent_at)} if letter and letter.sent_at else None
        told.append(
            _("Its keepers were told by e-mail: %(at)s.") % at if at else _("Its keepers have not been told yet.")
        )
        told.append(_("Nothing is sent from it until they enter the password; then sending goes on by itself."))
    return Item(
        key=f"box:{mailbox.pk}",
        title=_("Wrong password") if is_refused else _("Registration that waits"),
        what=str(mailbox),
        row=mailbox,
        organisation=mailbox.organisation,
        since=mailbox.credentials_since if is_refused else mailbox.state_since,
        evidence=tuple(told),
        url=reverse("admin:mailboxes_mailbox_change", args=[mailbox.pk]),
        acts=("password",) if is_refused else ("again",),
    )


def _campaigns() -> QuerySet[Campaign]:
    """Campaigns that are being made ready, or begin, pause or stop, for long."""
    now = clock.now()
    sending = Message.objects.filter(campaign=OuterRef("pk"), state=MessageState.SENDING)
    starting = Q(state=CampaignState.LAUNCHING, state_since__lt=now - LONG)
    beginning = Q(state=CampaignState.SCHEDULED, begins_at__lt=now - LONG)
    halting = Q(state__in=[CampaignState.PAUSED, CampaignState.STOPPED], state_since__lt=now - SILENT)
    recent = Q(state_since__gt=now - timedelta(days=30))  # what was stopped long ago was swept every minute since
    rows = Campaign.objects.filter(starting | beginning | (halting & recent & Exists(sending)))
    return rows.select_related("organisation", "mailbox")


def _campaign(campaign: Campaign) -> Item:
    told = {
        CampaignState.LAUNCHING: _("Its messages are being made ready, and that should have ended."),
        CampaignState.SCHEDULED: _("It should have begun to send."),
    }.get(CampaignState(campaign.state), _("It is paused or stopped, and calls on the wire have not ended."))
    return _plain("campaign", campaign, _("Campaign"), told, campaign.state_since, campaign)


def _attempts() -> QuerySet[Attempt]:
    """Attempts beyond their lease, which the sweep should have settled."""
    late = clock.database_now() - timedelta(minutes=2)
    rows = Attempt.objects.filter(outcome__isnull=True, leased_until__lt=late)
    return rows.select_related("mailbox", "message__campaign__organisation")


def _attempt(attempt: Attempt) -> Item:
    told = _("It is called being sent beyond its time. It goes back to the queue, or becomes a doubt.")
    return _plain("attempt", attempt, attempt.ref, told, attempt.claimed_at, attempt.message.campaign)


def _lists() -> QuerySet[ListReading]:
    late = timezone.now() - SILENT - timedelta(minutes=2)
    rows = ListReading.objects.filter(state__in=[ReadingState.WAITING, ReadingState.READING], alive_at__lt=late)
    return rows.select_related("campaign__organisation", "campaign__mailbox")


def _list(reading: ListReading) -> Item:
    told = _("A list is being read, and nothing was heard of that for a while.")
    return _plain("list", reading, _("List"), told, reading.alive_at, reading.campaign)


def _leased(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those whose lease ended a while ago, or that nobody has taken."""
    now = clock.database_now()
    waited = Q(leased_until=None, state_since__lt=clock.now() - LONG) | Q(leased_until__lt=now - SILENT)
    return rows.filter(waited).select_related("campaign__organisation", "campaign__mailbox")


def _letters() -> QuerySet[Letter]:
    return _leased(Letter.objects.filter(state=LetterState.MAKING))


def _letter(letter: Letter) -> Item:
    told = _("Letters are being made, and nobody is at it.")
    return _plain("letter", letter, _("Letters"), told, letter.state_since, letter.campaign)


def _intakes() -> QuerySet[Intake]:
    return _leased(Intake.objects.filter(state__in=[IntakeState.WAITING, IntakeState.READING]))


def _intake(intake: Intake) -> Item:
    told = _("An archive of files is being unpacked, and nobody is at it.")
    return _plain("archive", intake, _("Archive"), told, intake.state_since, intake.campaign)


def _sheets() -> QuerySet[Sheet]:
    rows = Sheet.objects.filter(state=SheetState.MAKING, seen_at__lt=timezone.now() - SILENT)
    return rows.select_related("campaign__organisation", "campaign__mailbox")


def _sheet(sheet: Sheet) -> Item:
    told = _("The check before sending is being made, and nothing was heard of that for a while.")
    return _plain("sheet", sheet, _("Check before sending"), told, sheet.asked_at, sheet.campaign)


def _hand_ins() -> QuerySet[HandIn]:
    on_its_way = [HandInState.WAITING, HandInState.SENDING, HandInState.UNCERTAIN]
    rows = HandIn.objects.filter(state__in=on_its_way, state_since__lt=clock.now() - LONG)
    return rows.select_related("mailbox__organisation")


def _hand_in(hand_in: HandIn) -> Item:
    return Item(
        key=f"papers:{hand_in.pk}",
        title=_("Documents on their way to the provider"),
        what=str(hand_in.mailbox),
        row=hand_in,
        organisation=hand_in.mailbox.organisation,
        since=hand_in.state_since,
        evidence=(str(hand_in.get_state_display()),),
        url=reverse("admin:mailboxes_handin_change", args=[hand_in.pk]),
        acts=("again",),
    )


def _plain(kind: str, row: Any, title: str, told: str, since: datetime | None, campaign: Campaign) -> Item:
    return Item(
        key=f"{kind}:{row.pk}",
        title=str(title),
        what=f"{campaign} · {campaign.mailbox}",
        row=row,
        organisation=campaign.organisation,
        since=since,
        evidence=(str(told),),
        url=reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        acts=("again",),
    )


# of each kind: its rows, the lookup of their mailbox or the path to their campaign, and what is told of one
KINDS: dict[str, tuple[Any, str | None, Any]] = {
    "lane": (_lanes, "pk", _lane),
    "box": (_boxes, "pk", _box),
    "campaign": (_campaigns, "", _campaign),
    "attempt": (_attempts, "mailbox", _attempt),
    "list": (_lists, "campaign__", _list),
    "letter": (_letters, "campaign__", _letter),
    "archive": (_intakes, "campaign__", _intake),
    "sheet": (_sheets, "campaign__", _sheet),
    "papers": (_hand_ins, "mailbox", _hand_in),
    "notice": (undelivered.due, "mailbox", undelivered.notice),
    "delivery": (undelivered.deliveries, None, undelivered.delivery),
}

DESK = Desk(
    "stuck",
    gettext_lazy("What does not move"),
    gettext_lazy(
        "Work that should have gone on: the portal looks after all of it every minute by itself. What stands here for "
        "long has a reason that a person has to mend."
    ),
    gettext_lazy("Everything moves."),
    keys,
    items,
    (
        Act(
            "again",
            gettext_lazy("Ring for its work again"),
            gettext_lazy("The job that does it is asked for once more. It does nothing twice."),
            again,
        ),
        Act(
            "try",
            gettext_lazy("Try again at once"),
            gettext_lazy(
                "The rest after a failure ends now: the provider is asked something harmless first, then one "
                "message goes. The credit of the accounts is read, too."
            ),
            try_now,
        ),
        Act(
            "free",
            gettext_lazy("Take it from its holder"),
            gettext_lazy(
                "Whoever holds the way out may send nothing more of it, even if it wakes up; another one takes "
                "over. What it had on the wire becomes a doubt until its receipt is read."
            ),
            free,
        ),
        Act(
            "password",
            gettext_lazy("Tell its keepers"),
            gettext_lazy(
                "Its keepers get a letter, once a day: they enter user name and password again. Operators never see "
                "them."
            ),
            password,
        ),
    ),
)
