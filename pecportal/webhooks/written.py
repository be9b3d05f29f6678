"""An event as programs get it: the same in the feed and in a webhook's call."""

import json

from pecportal.webhooks.events import told_at
from pecportal.webhooks.models import Event


def event(row: Event) -> dict[str, object]:
    """Its JSON object."""
    return {"id": str(row.public_id), "type": row.type, "timestamp": told_at(row.at), "data": row.data}


def body(row: Event) -> bytes:
    """What a webhook is sent, always the same bytes for the same event."""
    return json.dumps(event(row), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def shown(row: Event) -> str:
    """The same for people to read."""
    return json.dumps(event(row), ensure_ascii=False, indent=2)
