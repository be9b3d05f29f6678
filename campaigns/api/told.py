"""How messages, their attempts and their receipts are told to programs."""

import hashlib
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from campaigns.models import Message, Receipt
from campaigns.states import Outcome, Phase, Shown
from pecportal.api.serializers import Moment, Strict

MAILBOX = {"id": "5b1c2f9e-0d8a-4f0e-9a37-2f9d3c1a7e10", "address": "ufficio@pec.example"}
MESSAGE = {
    "id": "0c0e2a34-7a53-4bb8-8f0e-2f4f0d6c1f11",
    "campaign": "9f1d4c55-3c1e-4b6e-b6b5-55a2d6f1c001",
    "mailbox": MAILBOX,
    "to": "ditta@pec.example",
    "reference": "K7M2P9QX4T",
    "client_reference": "order-1042",
    "status": "delivered",
    "flags": [],
    "sent_at": "2026-03-31T08:00:01Z",
    "accepted_at": "2026-03-31T08:00:09Z",
    "decided_at": "2026-03-31T08:00:31Z",
}
DETAIL = {
    **MESSAGE,
    "subject": "Sollecito",
    "files": [{"name": "fattura.pdf", "size": 48211, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"}],
    "payload_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
}
RECEIPT = {
    "kind": "delivery",
    "at": "2026-03-31T08:00:31Z",
    "sender": "posta-certificata@pec.example",
    "subject": "CONSEGNA: Sollecito Rif. K7M2P9QX4T-1",
    "cause": "",
    "reason": "",
    "read_at": "2026-03-31T08:01:02Z",
    "sha256": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
}
ATTEMPT = {
    "number": 1,
    "reference": "K7M2P9QX4T-1",
    "outcome": "accepted",
    "claimed_at": "2026-03-31T08:00:00Z",
    "marked_at": "2026-03-31T08:00:00Z",
    "ended_at": "2026-03-31T08:00:01Z",
    "provider_code": "20260331080000001",
    "provider_status": 201,
    "provider_words": "",
}


class MailboxNamed(Strict):
    """The mailbox that sends."""

    id = serializers.UUIDField(source="public_id")
    address = serializers.CharField()


class MessageTold(Strict):
    """One message and what is proven of it."""

    id = serializers.UUIDField(source="public_id")
    campaign = serializers.UUIDField(source="campaign.public_id", help_text="Single messages are a campaign a day.")
    mailbox = MailboxNamed()
    to = serializers.CharField(source="recipient")
    reference = serializers.CharField(source="ref", help_text="Stands in the subject as it was sent.")
    client_reference = serializers.SerializerMethodField(help_text="Your own; empty if you gave none.")
    status = serializers.ChoiceField(Shown.values)
    flags = serializers.ListField(child=serializers.CharField(), help_text="What else the receipts say.")
    sent_at = Moment(allow_null=True, help_text="When the provider took it.")
    accepted_at = Moment(allow_null=True, help_text="By the receipt of acceptance.")
    decided_at = Moment(allow_null=True, help_text="When its outcome was proven.")

    def get_client_reference(self, row: Any) -> str:
        """That with which it was posted."""
        posted = getattr(row, "posted", None)
        return str(posted.client_reference) if posted else ""


def with_told(rows: QuerySet[Message]) -> QuerySet[Message]:
    """The messages with all that `MessageTold` tells, and no more: their texts are long."""
    return rows.select_related("campaign", "mailbox", "posted").only(
        "public_id", "recipient", "ref", "status", "flags", "sent_at", "accepted_at", "decided_at",
        "campaign__public_id", "mailbox__public_id", "mailbox__address", "posted__client_reference",
    )  # fmt: skip


class FileTold(Strict):
    """A file that it carries."""

    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(help_text="Hex.")


class MessageWhole(MessageTold):
    """One message with what it carries."""

    subject = serializers.CharField(source="content.subject", help_text="Without the reference that is added.")
    files = FileTold(many=True)
    payload_sha256 = serializers.CharField(
        source="content.payload_sha256", help_text="Hex, of address, subject, text and files as they were frozen."
    )


class ReceiptTold(Strict):
    """One receipt as it lies in the inbox."""

    kind = serializers.CharField(help_text="As acceptance, delivery, delivery_error.")
    at = Moment(allow_null=True, help_text="As it says itself.")
    sender = serializers.CharField()
    subject = serializers.CharField()
    cause = serializers.CharField(help_text="Why it was not delivered, in a word; empty if it was.")
    reason = serializers.CharField(help_text="The same in the words of the receipt.")
    read_at = Moment(source="seen_at", help_text="When the portal found it.")
    sha256 = serializers.SerializerMethodField(help_text="Hex, of the item as the provider gave it.")

    def get_sha256(self, row: Receipt) -> str:
        """Of what is kept."""
        return hashlib.sha256(row.raw.encode()).hexdigest()


class ReceiptWhole(ReceiptTold):
    """One receipt with its bytes."""

    raw = serializers.CharField(help_text="The item as the provider gave it.")


class AttemptTold(Strict):
    """One try to send it."""

    number = serializers.IntegerField(source="n")
    reference = serializers.CharField(source="ref")
    outcome = serializers.ChoiceField([*Outcome.values, *Phase.values], help_text="How it ended, or how far it is.")
    claimed_at = Moment()
    marked_at = Moment(allow_null=True, help_text="From here on it may have been sent.")
    ended_at = Moment(allow_null=True)
    provider_code = serializers.CharField(source="code", help_text="The provider's message_id; empty if it gave none.")
    provider_status = serializers.IntegerField(source="answer_status", allow_null=True, help_text="HTTP status.")
    provider_words = serializers.CharField(source="answer")

    def to_representation(self, row: Any) -> dict[str, Any]:
        """With the phase where nothing has ended yet."""
        found: dict[str, Any] = super().to_representation(row)
        if "outcome" in found and not found["outcome"]:
            found["outcome"] = row.phase
        return found


class EvidenceTold(Strict):
    """All that is kept of one message, to be shown to others."""

    message = MessageWhole()
    body = serializers.CharField(help_text="The HTML text as it was frozen and sent.")
    attempts = AttemptTold(many=True)
    receipts = ReceiptWhole(many=True)
    made_at = Moment()
