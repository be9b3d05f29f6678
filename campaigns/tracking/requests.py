"""The requests of a message's attempts, from the rows in which they are kept."""

from campaigns import enclosures, wire
from campaigns.models import Attempt
from campaigns.states import Phase


def of(attempt: Attempt) -> wire.Request | None:
    """The request of an attempt as it went; None when nothing of it left, or when it is older than this record."""
    if attempt.phase != Phase.WIRE or attempt.route is None:
        return None
    message = attempt.message
    files = enclosures.of_message(message)
    return wire.rebuild(
        wire.Sent(
            url=attempt.route.url,
            sender=attempt.route.sender,
            username=attempt.route.username,
            recipient=message.recipient,
            subject=message.content.subject,
            body=message.content.body,
            ref=attempt.ref,
            files=[wire.File(file.name, file.content_type, file.size, file.sha256) for file in files],
        )
    )
