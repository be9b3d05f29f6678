"""How campaigns are told to programs, and what programs write of them."""

from datetime import time
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from campaigns import approvals
from campaigns.api.told import MAILBOX, MailboxNamed
from campaigns.models import Campaign
from campaigns.preparing import approving
from campaigns.preparing.schedule import MOST_ON_TRIAL
from campaigns.states import CampaignState, SubmissionState
from pecportal.api.serializers import Moment, Strict

MOST_OTHERS = 50
CAMPAIGN = {
    "id": "9f1d4c55-3c1e-4b6e-b6b5-55a2d6f1c001",
    "name": "Solleciti di marzo",
    "mailbox": MAILBOX,
    "reference": "ERP-2026-17",
    "state": "draft",
    "recipients": 1200,
    "faulty_rows": 3,
    "created_at": "2026-03-31T08:00:00Z",
    "started_at": None,
    "begins_at": None,
}
TIMES = {
    "opens": "08:00:00",
    "closes": "18:00:00",
    "weekdays": [1, 2, 3, 4, 5],
    "on_holidays": False,
    "starts_at": None,
    "wanted_by": "2026-04-10T16:00:00Z",
    "pilot_size": 0,
}
WRITTEN = {
    "name": "Solleciti di marzo",
    "mailbox": "ufficio@pec.example",
    "reference": "ERP-2026-17",
    "subject": "Sollecito per {{ nome }}",
    "body": "Gentile {{ nome }},\n\nle ricordiamo la scadenza.",
}
WHOLE = {
    **CAMPAIGN,
    "others": [],
    "protocol": "",
    "further": [{"name": "Pratica", "value": "2026/17"}],
    "subject": WRITTEN["subject"],
    "body": "<p>Gentile {{ nome }},</p>\n<p>le ricordiamo la scadenza.</p>",
    **TIMES,
    "leaves_out_faulty": False,
    "columns": ["nome", "pec"],
    "problem": "",
    "approval": {"needed": 0, "state": None, "given": 0, "reason": ""},
}


class Further(Strict):
    """A reference of one's own."""

    name = serializers.CharField(max_length=60)
    value = serializers.CharField(max_length=200)


class Times(Strict):
    """When a campaign may be sent."""

    opens = serializers.TimeField(allow_null=True, required=False, help_text="By the clocks of Rome; null: all day.")
    closes = serializers.TimeField(allow_null=True, required=False)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7), required=False, help_text="1 is Monday."
    )
    on_holidays = serializers.BooleanField(required=False)
    starts_at = Moment(allow_null=True, required=False, help_text="Not before; null: as soon as it is started.")
    wanted_by = Moment(allow_null=True, required=False, help_text="By when it is wanted; stops nothing.")
    pilot_size = serializers.IntegerField(
        min_value=0, max_value=MOST_ON_TRIAL, required=False, help_text="So many go first; the others if all is well."
    )


class DraftAsked(Times):
    """What may be written of a draft."""

    others = serializers.ListField(
        child=serializers.CharField(max_length=254),
        max_length=MOST_OTHERS,
        required=False,
        help_text="Further mailboxes, among which the messages are split: their addresses or ids.",
    )
    protocol = serializers.CharField(max_length=100, required=False, allow_blank=True)
    reference = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Your own: events tell it as client_reference."
    )
    further = serializers.ListField(child=Further(), max_length=3, required=False, help_text="References, at most 3.")
    subject = serializers.CharField(
        max_length=400, required=False, allow_blank=True, help_text="May hold merge fields, as {{ nome }}."
    )
    body = serializers.CharField(
        max_length=200_000, required=False, allow_blank=True, help_text="Paragraphs of plain text, or HTML."
    )


class CampaignAsked(DraftAsked):
    """A campaign to be made."""

    name = serializers.CharField(max_length=200, help_text="Recipients never see it.")
    mailbox = serializers.CharField(max_length=254, help_text="From which it is sent: its address, or its id.")


class CampaignChanged(DraftAsked):
    """What is to be changed; what is left out stays."""

    name = serializers.CharField(max_length=200, required=False)
    mailbox = serializers.CharField(max_length=254, required=False)
    leaves_out_faulty = serializers.BooleanField(
        required=False, help_text="true: the list's faulty rows are left out. They come back with another list."
    )
    without_own_files = serializers.IntegerField(
        required=False, min_value=1, help_text="So many recipients, as you counted, go without a file of their own."
    )

    def validate_leaves_out_faulty(self, value: bool) -> bool:
        """Rows that were left out are not there any more."""
        if not value:
            raise serializers.ValidationError(_("Rows that were left out come back with another list."))
        return value


class CampaignTold(Strict):
    """A campaign."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    mailbox = MailboxNamed(help_text="From which it is sent; of several the first.")
    reference = serializers.CharField(help_text="Your own.")
    state = serializers.ChoiceField(CampaignState.values)
    recipients = serializers.IntegerField(source="recipients_total")
    faulty_rows = serializers.IntegerField(source="problems_total", help_text="Of the list; they are not sent to.")
    created_at = Moment()
    started_at = Moment(source="launched_at", allow_null=True, help_text="null, too, if its start was taken back.")
    begins_at = Moment(allow_null=True, help_text="Until then its start can be taken back.")


class ApprovalTold(Strict):
    """How its approval stands."""

    needed = serializers.IntegerField(
        help_text="By the organisation's rules; a program beyond its day's number needs one, too."
    )
    state = serializers.ChoiceField(SubmissionState.values, allow_null=True, help_text="null: never handed in.")
    given = serializers.IntegerField(help_text="How many people approved what was handed in last.")
    reason = serializers.CharField(help_text="Why it was sent back.")


class CampaignWhole(CampaignTold, Times):
    """A campaign with all that was written of it."""

    others = MailboxNamed(many=True, help_text="Its further mailboxes.")
    protocol = serializers.CharField()
    further = Further(many=True)
    subject = serializers.CharField()
    body = serializers.CharField(help_text="HTML.")
    opens = serializers.TimeField(allow_null=True)
    leaves_out_faulty = serializers.BooleanField(source="skip_problems")
    columns = serializers.ListField(child=serializers.CharField(), help_text="The list's headings.")
    problem = serializers.CharField(help_text="Why its start came to nothing, or why it stands still.")
    approval = ApprovalTold()

    def to_representation(self, row: Campaign) -> dict[str, Any]:
        """With what other rows tell of it."""
        told = _Whole(row)
        found: dict[str, Any] = super().to_representation(told)
        return found


class _Whole:
    """A campaign with the names that its serializer asks for."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign

    def __getattr__(self, name: str) -> Any:
        return getattr(self._campaign, name)

    @property
    def others(self) -> list[Any]:
        return self._campaign.senders[1:]

    @property
    def further(self) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in self._campaign.further]

    @property
    def weekdays(self) -> list[int]:
        return [int(day) for day in self._campaign.weekdays]

    @property
    def approval(self) -> dict[str, Any]:
        last = approving.latest(self._campaign)
        return {
            "needed": approvals.needed(self._campaign),
            "state": last.state if last else None,
            "given": last.approvals.count() if last else 0,
            "reason": last.reason if last else "",
        }


def times_of(given: dict[str, Any]) -> dict[str, Any]:
    """What was given of the times, as `schedule.When` names and writes it."""
    found: dict[str, Any] = {name: given[name] for name in Times._declared_fields if name in given}
    if "weekdays" in found:
        found["weekdays"] = "".join(str(day) for day in sorted(set(found["weekdays"])))
    for name in ("opens", "closes"):
        if isinstance(found.get(name), time):
            found[name] = found[name].replace(second=0, microsecond=0, tzinfo=None)
    return found
