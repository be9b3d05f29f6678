"""Background jobs of webhooks: each a line that calls a work function."""

from pecportal.webhooks import delivering, forgetting, telling


def deliver() -> None:
    """Deliver what is due."""
    delivering.run()


def tell() -> None:
    """Write to administrators about webhooks that were switched off."""
    telling.tell_due()


def forget() -> None:
    """Drop what is too old."""
    forgetting.forget()
