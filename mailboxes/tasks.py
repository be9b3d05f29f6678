"""Background jobs of mailboxes: each a line or two that call work functions."""

from mailboxes import (
    activation,
    adopting,
    alarms,
    carrying,
    drafts,
    erasing,
    following,
    notices,
    registration,
    space,
    sweeping,
)
from mailboxes.models import HandIn, Mailbox, Order
from mailboxes.models.acts import Source
from pecportal import vendor
from pecportal.upstream import Upstream


def register(mailbox_id: int) -> None:
    """Ask the vendor for a mailbox."""
    registration.register(mailbox_id, client=_client(mailbox_id))


def fetch_form(mailbox_id: int) -> None:
    """Fetch the activation form."""
    activation.fetch_missing_form(mailbox_id, client=_client(mailbox_id))


def submit_documents(hand_in_id: int) -> None:
    """Hand documents in."""
    mailbox = HandIn.objects.select_related("mailbox").get(pk=hand_in_id).mailbox
    activation.submit_documents(hand_in_id, client=vendor.connect_for(mailbox))


def refresh(mailbox_id: int) -> None:
    """Read a mailbox's state; and its form, if that could not be fetched before."""
    following.refresh(mailbox_id, client=_client(mailbox_id))
    activation.fetch_missing_form(mailbox_id, client=_client(mailbox_id))


def refresh_after_call(mailbox_id: int) -> None:
    """Read a mailbox's state because the vendor called."""
    following.refresh(mailbox_id, client=_client(mailbox_id), source=Source.CALLBACK)


def read_space(mailbox_id: int) -> None:
    """Read how full a mailbox is."""
    space.read(mailbox_id, client=_client(mailbox_id))


def carry_out(order_id: int) -> None:
    """Carry out a renewal or a revocation."""
    mailbox = Order.objects.select_related("mailbox").get(pk=order_id).mailbox
    carrying.carry_out(order_id, client=vendor.connect_for(mailbox))


def send_notices() -> None:
    """Send the letters that are due."""
    notices.send()


def reconcile() -> None:
    """Compare the vendor's list of mailboxes with ours, account by account."""
    for account in vendor.in_use():
        adopting.reconcile(client=vendor.connect(account), account=account)


def erase_papers() -> None:
    """Erase papers that nobody needs any more."""
    erasing.sweep()


def erase_drafts() -> None:
    """Erase registrations with which nobody went on."""
    drafts.erase_forgotten()


def sweep() -> None:
    """Find what lost jobs left behind, settle doubts, ask again for what may have changed."""
    sweeping.sweep(client_of=vendor.connect_for)


def _client(mailbox_id: int) -> Upstream:
    """The client of the account that the mailbox belongs to."""
    return vendor.connect_for(Mailbox.objects.select_related("vendor_account", "organisation").get(pk=mailbox_id))


def watch() -> None:
    """Raise and end the alerts of mailboxes that expire."""
    alarms.watch()
