"""What operators are told of sending and tracking: caps nearly used up, what stands still, what is in doubt."""

from datetime import timedelta
from typing import Final

from django.db.models import Count, Min
from django.utils.translation import gettext_lazy as _

from campaigns import auditing, incidents, pacing, timing
from campaigns.models import Campaign, Incident, Message
from campaigns.states import MessageState
from campaigns.tracking import quarantine, silence
from mailboxes.models import Mailbox
from pecportal import clock, stored
from pecportal.operation import alerts, meanings
from pecportal.operation.meanings import Meaning
from pecportal.operation.models import Alert

NEARLY: Final = "cap.80"  # the alerts' kinds; the key of these two is the mailbox
USED_UP: Final = "cap.100"
STUCK: Final = "campaign.stuck"  # the key of these two is the campaign
DOUBT: Final = "message.doubt"
NEARLY_PERCENT: Final = 80
PATIENCE: Final = timedelta(hours=1)


def watch() -> None:
    """Raise what is to be raised, and end what is over; again it changes nothing."""
    watch_caps()
    watch_stuck()
    watch_doubts()


def watch_caps() -> None:
    """Mailboxes that have used most of what their plan allows, its margin taken off, or all of it."""
    now = clock.now()
    minute = pacing.minute_of(now)
    nearly: list[int] = []
    used_up: list[int] = []
    boxes = Mailbox.objects.filter(plan__isnull=False).select_related("plan", "organisation")
    for mailbox in boxes.order_by("pk").iterator(chunk_size=500):
        limits = timing.limits_of(mailbox.plan)
        if not limits:
            continue
        history = timing.history_of(mailbox.pk, mailbox.plan, limits, now=now)
        shares = [(100 * history.since(limit.since(minute)) // max(1, limit.most), limit) for limit in limits]
        percent, limit = max(shares, key=lambda share: share[0])
        facts = {"percent": percent, "most": limit.most, "span": limit.span.name.lower()}
        for least, kind, found in ((NEARLY_PERCENT, NEARLY, nearly), (100, USED_UP, used_up)):
            if percent >= least:
                found.append(mailbox.pk)
                alerts.alert(kind, mailbox.pk, organisation=mailbox.organisation, **facts)
    alerts.end_others(NEARLY, nearly)
    alerts.end_others(USED_UP, used_up)


def watch_stuck() -> None:
    """Running campaigns whose messages wait, while nothing holds them and none is sent."""
    found = list(auditing.queued_unheld())
    for campaign in Campaign.objects.filter(pk__in=found).select_related("organisation"):
        alerts.alert(STUCK, campaign.pk, organisation=campaign.organisation)
    alerts.end_others(STUCK, found)


def watch_doubts() -> None:
    """Campaigns with messages that have been in doubt for more than an hour."""
    rows = Message.objects.filter(state=MessageState.UNCERTAIN, state_since__lt=clock.now() - PATIENCE).order_by()
    found = {row["campaign"]: row for row in rows.values("campaign").annotate(n=Count("pk"), since=Min("state_since"))}
    for campaign in Campaign.objects.filter(pk__in=found).select_related("organisation"):
        row = found[campaign.pk]
        facts = {"messages": row["n"], "since": row["since"].isoformat()}
        alerts.alert(DOUBT, campaign.pk, organisation=campaign.organisation, **facts)
    alerts.end_others(DOUBT, list(found))


def mailbox_name(alert: Alert) -> str:
    """The address of the mailbox that an alert's key is."""
    row = Mailbox.objects.filter(pk=int(alert.key)).first() if alert.key.isdecimal() else None
    return row.address if row else alert.key


def _campaign(alert: Alert) -> str:
    row = Campaign.objects.filter(pk=int(alert.key)).first() if alert.key.isdecimal() else None
    return f"“{row.name}”" if row else alert.key


def _of_incident(alert: Alert) -> str:
    row = Incident.objects.select_related("message__campaign").filter(pk=int(alert.key)).first()
    return f"“{row.message.campaign.name}”" if row else alert.key


def _question(alert: Alert) -> str:
    return auditing.sentence(alert.key)


_WAITS: Final = _("Its messages wait and leave by themselves as soon as the plan allows it; the pages say so.")
_MEANINGS: Final[dict[str, Meaning]] = {
    NEARLY: Meaning(
        _("The mailbox %(name)s has used %(percent)s%% of what its plan allows"),
        _("Nothing yet. Once all is used up, its messages wait."),
        _("If much is still to be sent, think of another mailbox or a larger plan."),
        mailbox_name,
    ),
    USED_UP: Meaning(
        _("The mailbox %(name)s has used up what its plan allows"),
        _WAITS,
        _("Nothing, or a larger plan."),
        mailbox_name,
    ),
    STUCK: Meaning(
        _("The campaign %(name)s stands still, and nothing says why"),
        _("Its messages wait. Nothing is lost."),
        _("Look at “Signs of life” in the console, and into the log of the sending lane."),
        _campaign,
    ),
    DOUBT: Meaning(
        _("Campaign %(name)s, messages in doubt for more than an hour: %(messages)s"),
        _("It is not known whether they were sent. Clerks see them under “In doubt”, and decide; none is sent again."),
        _(
            "In the console, “Messages in doubt”: have them looked for again, then ask the office. Its approvers "
            "decide with the evidence."
        ),
        _campaign,
    ),
    silence.ALERT: Meaning(
        _("Campaign %(name)s, messages without an acceptance receipt for more than an hour: %(messages)s"),
        _("They are shown as handed over, without an outcome."),
        _("Look into the mailbox's webmail, and ask the provider."),
        _campaign,
    ),
    quarantine.UNREADABLE: Meaning(
        _("Inbox of %(name)s, items that cannot be read: %(items)s"),
        _("Outcomes that they hold are not shown. Everything else goes on."),
        _("Look at them in the webmail; they are listed in the console."),
        mailbox_name,
    ),
    quarantine.UNKNOWN_KIND: Meaning(
        _("Inbox of %(name)s, items of no known kind: %(items)s"),
        _("They are on the desk of receipts that nobody could assign."),
        _("Look at them; a new kind of receipt may have appeared."),
        mailbox_name,
    ),
    incidents.ALERT: Meaning(
        _("A receipt contradicts what was recorded about a message of the campaign %(name)s"),
        _("Perhaps a message was sent twice, or was sent though it was called not sent. The office sees a banner."),
        _("The office looks at it and says so; then this is over."),
        _of_incident,
    ),
    stored.ALERT: Meaning(
        _("Files cannot be read just now: the bucket or the shared folder does not answer"),
        _("Messages with attachments wait. Nothing is lost, and sending goes on by itself."),
        _("Look whether the storage can be reached, and whether its keys are valid."),
    ),
    auditing.ALERT: Meaning(
        _("%(name)s: the self-audit found %(count)s"),
        _("What the pages say may be wrong in these places."),
        _("Look at the self-audits in the console: the first of the rows are named there."),
        _question,
    ),
    auditing.UNASKED: Meaning(
        _("The self-audit could not ask: %(name)s"),
        _("Clerks notice nothing of it."),
        _("Look whether the files' storage can be reached; the next audit asks again."),
        _question,
    ),
}


def register() -> None:
    """Put the alerts of campaigns into words."""
    for kind, meaning in _MEANINGS.items():
        meanings.add(kind, meaning)
