"""Programs with keys, and a caller that asks as one."""

import json
from typing import Any

from django.test import Client

from pecportal.organisations.members import Reach
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import SCOPES, Role
from pecportal.programs import register
from pecportal.programs.keys import NewKey, Terms
from tests import build


def program(
    office: Organisation,
    *scopes: Role,
    name: str = "",
    mailboxes: frozenset[int] | None = None,
    terms: Terms | None = None,
) -> tuple[User, NewKey]:
    """A program of an organisation and its key; with all scopes unless some are given."""
    head = build.user(office, Role.ADMINISTRATOR)
    called = name or f"Programma {User.objects.count()}"
    reach = Reach(frozenset(scopes or SCOPES), mailboxes)
    return register.make(office, called, reach, terms=terms or Terms(), actor=head)


class Caller:
    """Asks with a key, as a program would; an error of the portal's becomes its answer (500)."""

    def __init__(self, key: NewKey | str | None = None) -> None:
        self.key = key.text if isinstance(key, NewKey) else key
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        self.client = Client(raise_request_exception=False, headers=headers)

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.client.get(path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST of JSON; `Idempotency_Key=…` for a header."""
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Any method with JSON, or with bytes as they are."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, path, data, "application/json", headers=named)


def caller(office: Organisation, *scopes: Role) -> Caller:
    """One that asks with a new key with these scopes, or all."""
    return Caller(program(office, *scopes)[1])
