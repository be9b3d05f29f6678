"""What a program posts in tests, and how."""

import uuid
from typing import Any

from mailboxes.models import Mailbox
from tests.api.build import Caller

MESSAGES = "/api/v1/messages/"


def message(sender: Mailbox, **given: Any) -> dict[str, Any]:
    told = {"mailbox": str(sender.public_id), "to": "ditta@prova.example", "subject": "Sollecito", "body": "Testo."}
    return told | given


def post(erp: Caller, body: dict[str, Any], *, key: str = "") -> Any:
    return erp.post(MESSAGES, body, Idempotency_Key=key or str(uuid.uuid4()))
