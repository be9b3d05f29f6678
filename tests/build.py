"""Valid organisations, people and mailboxes; a test states only what matters to it."""

from typing import Any

from mailboxes import credentials
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, MailboxState, VendorState
from pecportal.organisations.models import Membership, Organisation, User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox

ADDRESS = "ufficio@prova.example"
PASSWORD = "una parola d'ordine"


def organisation(*, name: str = "") -> Organisation:
    """An office; each has another name unless one is given."""
    return Organisation.objects.create(name=name or f"Ufficio {Organisation.objects.count() + 1}")


def user(where: Organisation, *roles: Role, email: str = "", password: str | None = None) -> User:
    """A person with these roles in an organisation; without a password they sign in by `force_login` only."""
    person = User.objects.create_user(email or f"persona{User.objects.count() + 1}@portale.example", password)
    Membership.objects.bulk_create(Membership(user=person, organisation=where, role=role) for role in roles)
    return person


def mailbox(
    where: Organisation | None = None,
    *,
    address: str = ADDRESS,
    password: str = PASSWORD,
    vendor: Sandbox | None = None,
    **fields: Any,
) -> Mailbox:
    """An active mailbox whose credentials work; with `vendor` it is there, too. `fields` are the row's own."""
    where = where or organisation()
    keeper = fields.pop("created_by", None) or user(where, Role.KEEPER)
    row = Mailbox.objects.create(
        organisation=where,
        address=address,
        vendor_id=vendor.create_mailbox(address, password) if vendor else "",
        state=MailboxState.REGISTERED,
        vendor_state=VendorState.ACTIVE,
        created_by=keeper,
    )
    credentials.enter(row, username=address, password=password, actor=keeper)
    Mailbox.objects.filter(pk=row.pk).update(**{"credentials_state": CredentialsState.GOOD} | fields)
    row.refresh_from_db()
    return row
