"""Whether a campaign has to be approved, by whom, and whether it is: asked where it is handed in and started."""

from collections.abc import Collection

from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _

from campaigns import readiness
from campaigns.models import Campaign, Sheet, Submission
from campaigns.states import PREPARED, SheetState, SubmissionState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations.models import FourEyes, Organisation, User
from pecportal.permissions import Power, may
from pecportal.programs import keys

MANY = 1_000  # above so many recipients their number is typed in
# what one may have done to a campaign without having had a hand in its content; whatever is new counts as a change
HARMLESS = (
    "check",
    "test",
    "approve",
    "reject",
    "take_back",
    "undo",
    "pause",
    "resume",
    "stop",
    "move_messages",
    "gather_evidence",
)


def needed(campaign: Campaign) -> int:
    """How many people have to approve it before it may start: none, one or two."""
    return 0 if campaign.is_test else people_for(campaign.organisation, campaign.recipients_total)


def people_for(office: Organisation, count: int) -> int:
    """How many people the organisation wants to approve what goes to so many recipients: none, one or two."""
    if office.two_approve_above is not None and count > office.two_approve_above:
        return 2
    is_needed = office.four_eyes == FourEyes.ALWAYS or (
        office.four_eyes == FourEyes.ABOVE and count > office.four_eyes_above
    )
    return int(is_needed)


def current_sheet(campaign: Campaign) -> Sheet | None:
    """The latest check that was made; see `is_void`."""
    return campaign.sheets.filter(state=SheetState.READY).order_by("pk").last()


def is_void(sheet: Sheet, campaign: Campaign) -> bool:
    """Whether the campaign is not any more what the sheet shows."""
    return sheet.fingerprint != readiness.fingerprint(campaign)


def seen_sheet(campaign: Campaign, *, seen: str) -> Sheet:
    """The clean, unchanged sheet whose hash the person saw. Raises `Refusal` when there is none."""
    sheet = current_sheet(campaign)
    if sheet is None or not sheet.is_clean:
        raise Refusal(_("Check the campaign first: something speaks against a start, or nobody has looked yet."))
    if is_void(sheet, campaign) or sheet.sha256 != seen:
        raise Refusal(_("The campaign has changed since this page was shown: check it again, then look at it again."))
    return sheet


def in_force(campaign: Campaign) -> Submission | None:
    """The submission that waits, or is approved."""
    rows = campaign.submissions.filter(state__in=[SubmissionState.OPEN, SubmissionState.APPROVED])
    return rows.select_related("sheet", "by").first()


def why_not(submission: Submission, user: User) -> str:
    """Why this person may not approve or reject what was handed in; "" when they may."""
    campaign = submission.campaign
    if not may(user, Power.APPROVE, campaign):
        return _("Only an approver of your organisation may approve a campaign.")
    hands = keys.hands_of(user)
    if not hands.isdisjoint({campaign.created_by_id, submission.by_id}) or _had_a_hand_in(campaign, hands):
        return _("You prepared this campaign, or a part of it: another person has to approve it.")
    return ""


def _had_a_hand_in(campaign: Campaign, hands: Collection[int]) -> bool:
    """Whether the journal has anything by one of these that may have changed the campaign's content."""
    acts = [f"campaign.{act}" for act in HARMLESS]
    rows = Entry.objects.filter(target_type=campaign._meta.label_lower, target_id=campaign.pk, actor__in=hands)
    return rows.exclude(action__in=acts).exists()


def missing(campaign: Campaign, sheet: Sheet | None) -> str:
    """What the campaign lacks to be started with this sheet, as a sentence; "" when nothing.

    The people are counted anew, each by what they may do now: one who left or changed role meanwhile does not count.
    """
    number = needed(campaign)
    if number == 0:
        return ""
    given = _given(campaign, sheet)
    if given is None:
        return _("Your organisation wants this campaign approved before it starts: hand it in for approval.")
    if given < number:
        return _("This campaign has to be approved by more people, or by others, before it starts.")
    return ""


def is_approved(campaign: Campaign, sheet: Sheet) -> bool:
    """Whether somebody approved this sheet who may do so still, needed or not."""
    return bool(_given(campaign, sheet))


def _given(campaign: Campaign, sheet: Sheet | None) -> int | None:
    """How many people's approval of this sheet counts; None if it is not approved."""
    rows = campaign.submissions.filter(state=SubmissionState.APPROVED, sheet=sheet)
    submission = rows.select_related("campaign").first() if sheet is not None else None
    if sheet is None or submission is None or submission.sha256 != sheet.sha256:
        return None
    given = submission.approvals.filter(sha256=sheet.sha256).select_related("by")
    return sum(not why_not(submission, approval.by) for approval in given)


def check_number(campaign: Campaign, typed: str) -> None:
    """Raise `Refusal` unless the number of recipients was typed in, where they are many; however it is grouped."""
    digits = "".join(char for char in typed if char.isdecimal())
    if campaign.recipients_total > MANY and digits != str(campaign.recipients_total):
        sentence = _("This is not the number of recipients: type %(count)s to confirm.")
        raise Refusal(sentence % {"count": localize(campaign.recipients_total)}, field="count")


def spend(office: Organisation, recipients: int) -> None:
    """Let programs send to so many more recipients today without an approver; `office` is locked by the caller.

    Raises `Refusal` when the organisation allows none, or the day's number would be passed.
    """
    most = office.programs_daily_limit
    if not most:
        raise Refusal(_("Here a person approves what programs send: submit a campaign for approval."))
    midnight = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    today = Campaign.objects.filter(organisation=office, launched_at__gte=midnight, launched_by__is_program=True)
    unapproved = today.exclude(state__in=PREPARED).exclude(submissions__state=SubmissionState.APPROVED)
    sent = unapproved.aggregate(n=Sum("recipients_total"))["n"] or 0
    if sent + recipients > most:
        words = {"most": localize(most), "sent": localize(sent)}
        raise Refusal(
            _(
                "Programs may send to %(most)s recipients a day without an approver, and have sent to %(sent)s today: "
                "submit a campaign for approval, or go on tomorrow."
            )
            % words
        )
