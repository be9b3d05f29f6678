"""Background jobs of mailboxes: each a line or two that call work functions."""

from mailboxes import activation, following, registration, space, sweeping
from mailboxes.models.acts import Source
from pecportal import vendor


def register(mailbox_id: int) -> None:
    """Ask the vendor for a mailbox."""
    registration.register(mailbox_id, client=vendor.connect())


def fetch_form(mailbox_id: int) -> None:
    """Fetch the activation form."""
    activation.fetch_missing_form(mailbox_id, client=vendor.connect())


def submit_documents(hand_in_id: int) -> None:
    """Hand documents in."""
    activation.submit_documents(hand_in_id, client=vendor.connect())


def refresh(mailbox_id: int) -> None:
    """Read a mailbox's state; and its form, if that could not be fetched before."""
    following.refresh(mailbox_id, client=vendor.connect())
    activation.fetch_missing_form(mailbox_id, client=vendor.connect())


def refresh_after_call(mailbox_id: int) -> None:
    """Read a mailbox's state because the vendor called."""
    following.refresh(mailbox_id, client=vendor.connect(), source=Source.CALLBACK)


def read_space(mailbox_id: int) -> None:
    """Read how full a mailbox is."""
    space.read(mailbox_id, client=vendor.connect())


def sweep() -> None:
    """Find what lost jobs left behind, settle doubts, ask again for what may have changed."""
    sweeping.sweep(client=vendor.connect())
