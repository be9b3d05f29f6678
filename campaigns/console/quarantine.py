"""The desk of what cannot be read: items of inboxes, and campaigns whose files are not what was frozen."""

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.console import asking, readings
from campaigns.console.items import MOST, Act, Desk, Item
from campaigns.models import BrokenItem, Campaign
from campaigns.models.senders import sent_from
from campaigns.states import CampaignState, Pilot
from mailboxes.models import Mailbox
from mailboxes.models.notices import NoticeKind
from pecportal import stored
from pecportal.organisations.models import User


def keys(mailbox: int = 0) -> list[str]:
    """Campaigns whose files are damaged, then items that cannot be read, the oldest first."""
    broken, halted = BrokenItem.objects.filter(solved_at=None).order_by("pk"), _halted().order_by("pk")
    if mailbox:
        mine = sent_from(Mailbox.objects.filter(pk=mailbox))
        broken, halted = broken.filter(mailbox=mailbox), halted.filter(mine)
    found = [f"file:{pk}" for pk in halted.values_list("pk", flat=True)[:MOST]]
    return [*found, *(f"item:{pk}" for pk in broken.values_list("pk", flat=True)[:MOST])][:MOST]


def items(wanted: Sequence[str]) -> list[Item]:
    """What is known of these; what can be read by now is left out."""
    return [*_files(_ids(wanted, "file")), *_unread(_ids(wanted, "item"))]


def _ids(wanted: Sequence[str], kind: str) -> list[int]:
    pairs = [key.partition(":") for key in wanted]
    return [int(pk) for found, _sign, pk in pairs if found == kind and pk.isdecimal()]


def _halted() -> QuerySet[Campaign]:
    return Campaign.objects.filter(state=CampaignState.PAUSED).exclude(problem="").exclude(pilot=Pilot.STOPPED)


def _files(ids: Sequence[int]) -> Iterator[Item]:
    for campaign in _halted().filter(pk__in=ids).select_related("organisation", "mailbox").order_by("pk"):
        bad = [file for file in campaign.attachments.all() if not _is_whole(file.stored_as, file.sha256)]
        told = [_("It was paused by itself: a file of it was missing, or not what it was when it was started.")]
        if bad:
            count = ngettext("One file is still damaged.", "%(count)s files are still damaged.", len(bad))
            told.append(count % {"count": len(bad)} + " " + _("Restore it from the backup under the same name:"))
            told += [file.stored_as for file in bad[:5]]
        else:
            told.append(_("Its common files are whole by now: its people can resume it."))
        yield Item(
            key=f"file:{campaign.pk}",
            title=_("Campaign with a damaged file"),
            what=f"{campaign} · {campaign.mailbox}",
            row=campaign,
            organisation=campaign.organisation,
            since=campaign.state_since,
            evidence=tuple(told),
            url=reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
        )


def _is_whole(stored_as: str, sha256: str) -> bool:
    try:
        return stored.is_whole(stored_as, sha256=sha256)
    except stored.Away:
        return False


def _unread(ids: Sequence[int]) -> Iterator[Item]:
    rows = BrokenItem.objects.filter(pk__in=ids, solved_at=None).select_related("mailbox__organisation")
    for item in rows.order_by("pk"):
        times = ngettext("It was tried once.", "It was tried %(count)s times.", item.times) % {"count": item.times}
        yield Item(
            key=f"item:{item.pk}",
            title=_("Item of an inbox that cannot be read"),
            what=str(item.mailbox),
            row=item,
            organisation=item.mailbox.organisation,
            since=item.first_seen_at,
            evidence=(
                times,
                _("It stops nobody, and is tried again at each reading."),
                *asking.asked(item.mailbox, NoticeKind.ASKED_UNREAD),
            ),
            url=reverse("admin:campaigns_brokenitem_change", args=[item.pk]),
            acts=("read", "ask"),
        )


def ask(item: Item, actor: User) -> bool:
    """Write to the organisation; once a day for each mailbox."""
    return asking.ask(item.row.mailbox, NoticeKind.ASKED_UNREAD)


DESK = Desk(
    "quarantine",
    gettext_lazy("Quarantine"),
    gettext_lazy(
        "What could not be read was set aside, in nobody's way: items of inboxes, and campaigns whose files are "
        "damaged."
    ),
    gettext_lazy("Nothing is in quarantine."),
    keys,
    items,
    (
        Act("read", *readings.WORDS, readings.read, readings.mailbox),
        Act(
            "ask",
            gettext_lazy("Ask the organisation to look"),
            gettext_lazy(
                "Its mailbox keepers get a letter that asks them to look into the webmail, once a day for each mailbox."
            ),
            ask,
            readings.mailbox,
        ),
    ),
)
