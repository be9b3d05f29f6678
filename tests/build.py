"""Valid organisations, people and mailboxes; a test states only what matters to it."""

from itertools import count
from typing import Any, Final

from mailboxes import credentials
from mailboxes.models import Application, Mailbox, Plan
from mailboxes.states import Kind, MailboxState, VendorState
from pecportal.organisations.models import Membership, Organisation, User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox

PASSWORD: Final = "una-parola-di-prova"
_numbers = count(1)


def organisation(name: str = "") -> Organisation:
    """An office of its own."""
    return Organisation.objects.create(name=name or f"Ufficio {next(_numbers)}")


def user(organisation: Organisation, *roles: Role) -> User:
    """A person with these roles in an organisation; without any, a keeper of mailboxes."""
    person = User.objects.create_user(f"persona{next(_numbers)}@portale.example")
    for role in roles or (Role.KEEPER,):
        Membership.objects.create(user=person, organisation=organisation, role=role)
    return person


def mailbox(
    organisation_: Organisation | None = None,
    *,
    address: str = "",
    vendor: Sandbox | None = None,
    password: str = PASSWORD,
    **fields: Any,
) -> Mailbox:
    """An active mailbox for bulk sending, its credentials entered; with `vendor` it exists there, too.

    `fields` are those of the row, and win.
    """
    office = organisation_ or organisation()
    address = address or f"casella{next(_numbers)}@prova.example"
    keeper = fields.pop("created_by", None) or user(office)
    known: dict[str, Any] = {
        "kind": Kind.MASSIVE,
        "plan": Plan.objects.filter(name="PEC Massiva Standard").first(),
        "state": MailboxState.REGISTERED,
        "vendor_state": VendorState.ACTIVE,
        "vendor_id": vendor.create_mailbox(address, password) if vendor else "",
    }
    row = Mailbox.objects.create(organisation=office, address=address, created_by=keeper, **known | fields)
    Application.objects.create(mailbox=row)
    if "credentials_state" not in fields:
        credentials.enter(row, username=address, password=password, actor=keeper)
    row.refresh_from_db()
    return row
