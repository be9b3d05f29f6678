"""Background jobs of signing in."""

from pecportal.signin import letters


def send_reset(pk: int) -> None:
    """Send the link by which a person sets a new password."""
    letters.reset(pk)
