"""What events and webhooks look like in the API."""

from typing import Final

from rest_framework import serializers

from pecportal.api.cursors import MOST, USUAL
from pecportal.api.serializers import Moment, Paging, Query, Strict
from pecportal.webhooks import keeping
from pecportal.webhooks.models import CHOSEN, Because, DeliveryState, EventType, WebhookState

WHAT: Final = [kind.value for kind in CHOSEN]


class EventQuery(Query):
    """From where on events are read."""

    after = serializers.UUIDField(
        required=False, help_text="`id` of the last event that you have. Without it: from the oldest that is kept."
    )
    limit = serializers.IntegerField(
        required=False, default=USUAL, min_value=1, max_value=MOST, help_text="How many events at most."
    )
    type = serializers.ChoiceField(
        choices=[kind.value for kind in EventType], required=False, help_text="Only events of this type."
    )


class EventTold(Strict):
    """One event, exactly as a webhook gets it."""

    id = serializers.UUIDField(source="public_id", help_text="The same in the feed and in the header webhook-id.")
    type = serializers.ChoiceField(choices=[kind.value for kind in EventType])
    timestamp = Moment(source="at")
    data = serializers.DictField(help_text="Depends on the type: see the table of events.")  # type: ignore[assignment]


class EventFeed(Strict):
    """A part of the feed."""

    items = EventTold(many=True)
    next = serializers.UUIDField(
        allow_null=True, help_text="`after` of the next question; null while there was no event at all."
    )
    has_more = serializers.BooleanField(help_text="Whether more events are there now.")


class WebhookMade(Strict):
    """A webhook to be made."""

    name = serializers.CharField(max_length=100)
    url = serializers.CharField(max_length=500, help_text="https, on the ports 443 or 8443, in the public network.")
    types = serializers.ListField(child=serializers.ChoiceField(choices=WHAT), min_length=1)


class WebhookChanged(Strict):
    """What is to be changed of a webhook; what is left out stays."""

    name = serializers.CharField(max_length=100, required=False)
    url = serializers.CharField(max_length=500, required=False)
    types = serializers.ListField(child=serializers.ChoiceField(choices=WHAT), min_length=1, required=False)
    is_enabled = serializers.BooleanField(required=False)


class WebhookTold(Strict):
    """A webhook. Its secret is told once, when it is made or changed."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    url = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField())
    is_of_program = serializers.SerializerMethodField(
        help_text="Whether it is told of what its program made alone, or of all of the organisation."
    )
    state = serializers.ChoiceField(choices=WebhookState.choices)
    because = serializers.ChoiceField(
        choices=[each for each in Because.values if each], allow_null=True, help_text="Why it is off."
    )
    failures = serializers.IntegerField(help_text="Calls that failed in a row.")
    failing_since = Moment(allow_null=True)
    old_secret_until = Moment(allow_null=True, help_text="Until then the former secret signs, too.")
    created_at = Moment()

    def get_is_of_program(self, row: object) -> bool:
        """Whose events it is told of."""
        return getattr(row, "program_id", None) is not None

    def to_representation(self, instance: object) -> dict[str, object]:
        """No reason is none."""
        told: dict[str, object] = super().to_representation(instance)
        if "because" in told:
            told["because"] = told["because"] or None
        return told


class WebhookWithSecret(WebhookTold):
    """A webhook and its secret, which is not told again."""

    secret = serializers.CharField(help_text="`whsec_` and base64.")


class Overlap(Strict):
    """How long the former secret goes on."""

    overlap_hours = serializers.IntegerField(
        min_value=0, max_value=keeping.LONGEST_OVERLAP, required=False, default=keeping.USUAL_OVERLAP
    )


class DeliveryQuery(Paging):
    """Which deliveries are wanted."""

    state = serializers.ChoiceField(choices=DeliveryState.choices, required=False)


class DeliveryTold(Strict):
    """One event on its way to a webhook. Of answers nothing is kept but their status."""

    id = serializers.UUIDField(source="public_id")
    event = serializers.UUIDField(source="event.public_id")
    type = serializers.CharField(source="event.type")
    state = serializers.ChoiceField(choices=DeliveryState.choices)
    tries = serializers.IntegerField(help_text="Calls so far.")
    first_at = Moment(allow_null=True)
    last_at = Moment(allow_null=True)
    last_status = serializers.IntegerField(allow_null=True)
    problem = serializers.CharField(help_text="Empty if nothing is wrong.")
    next_at = serializers.SerializerMethodField(help_text="When it is tried next; null when it is not, or waits.")

    def get_next_at(self, row: object) -> str | None:
        """While an earlier event about the same subject is not delivered, nobody knows."""
        is_next = getattr(row, "state", "") == DeliveryState.WAITING and not getattr(row, "behind", True)
        return Moment().to_representation(row.due_at) if is_next else None  # type: ignore[attr-defined]


class Redelivered(Strict):
    """How many events are delivered again."""

    count = serializers.IntegerField()
