"""Background jobs about people: each a line or two that call work functions."""

from pecportal.organisations import glass, inviting


def send_invitation(pk: int) -> None:
    """Send the letter of one invitation, if it is still due."""
    inviting.send(pk)


def send_invitations() -> None:
    """Send what a lost job, or a mail server that was away, left behind."""
    inviting.send_due()


def tell_glass(pk: int) -> None:
    """Tell an organisation's administrators of an emergency access."""
    glass.tell(pk)


def tell_glasses() -> None:
    """Tell what a lost job, or a mail server that was away, left untold."""
    glass.tell_due()
