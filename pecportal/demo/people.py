"""The demo's office and its two people, with passwords of their own."""

import secrets
from dataclasses import dataclass, field

from pecportal.organisations.models import Membership, Organisation, User
from pecportal.permissions import Role

CLERK = "impiegata@portale.example"
OPERATOR = "operatore@portale.example"
CLERKS_ROLES = (Role.PREPARER, Role.APPROVER, Role.KEEPER, Role.AUDITOR)


@dataclass(frozen=True, slots=True)
class LogIn:
    """Who may sign in, and how."""

    what: str
    user: User
    password: str = field(repr=False)


def make() -> tuple[Organisation, LogIn, LogIn]:
    """An organisation, its clerk, and the operator of the installation."""
    office = Organisation.objects.create(name="Ufficio di esempio")
    passwords = [f"demo-{secrets.token_hex(4)}-{secrets.token_hex(2)}" for _ in range(2)]
    clerk = User.objects.create_user(CLERK, passwords[0], first_name="Anna", last_name="Esempio")
    for role in CLERKS_ROLES:
        Membership.objects.create(user=clerk, organisation=office, role=role)
    operator = User.objects.create_superuser(OPERATOR, passwords[1], first_name="Olga", last_name="Operatrice")
    return office, LogIn("clerk", clerk, passwords[0]), LogIn("operator", operator, passwords[1])
