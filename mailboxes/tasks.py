"""Background jobs of mailboxes: each a line or two that call work functions."""

from mailboxes import activation, acts, following, registration, space
from mailboxes.models import Mailbox
from mailboxes.models.acts import ActKind, Source
from pecportal import vendor


def register(mailbox_id: int) -> None:
    """Ask the vendor for a mailbox."""
    registration.register(mailbox_id, client=vendor.connect())


def fetch_form(mailbox_id: int) -> None:
    """Fetch the activation form."""
    activation.fetch_form(Mailbox.objects.get(pk=mailbox_id), client=vendor.connect())


def submit_documents(hand_in_id: int) -> None:
    """Hand documents in."""
    activation.submit_documents(hand_in_id, client=vendor.connect())


def refresh(mailbox_id: int) -> None:
    """Read a mailbox's state."""
    following.refresh(mailbox_id, client=vendor.connect())


def refresh_after_call(mailbox_id: int) -> None:
    """Read a mailbox's state because the vendor called."""
    following.refresh(mailbox_id, client=vendor.connect(), source=Source.CALLBACK)


def read_space(mailbox_id: int) -> None:
    """Read how full a mailbox is."""
    space.read(mailbox_id, client=vendor.connect())


def sweep() -> None:
    """Find what lost jobs left behind, settle doubts, ask again for what may have changed."""
    client = vendor.connect()
    wings = {ActKind.REGISTRATION: registration, ActKind.HAND_IN: activation}
    for act in acts.expired():
        wings[ActKind(act.kind)].lost(act)
    for kind, wing in wings.items():
        for act in acts.doubts(kind):
            wing.look_for(act, client=client)
        wing.ring_lost()
    following.ask_soon()
    space.ask_soon()
