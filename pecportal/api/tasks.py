"""Background jobs of the API: each a line that calls a work function."""

from pecportal.api import idempotency


def tidy() -> None:
    """Drop the answers that are too old to be asked for."""
    idempotency.forget_old()
