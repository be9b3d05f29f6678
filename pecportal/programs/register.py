"""The programs of an organisation: made with a first key, given other scopes, ended.

A program is a `User` who cannot sign in, with one membership for each scope. Who reads the journal sees it named there
for what it did, as a person would be.
"""

import secrets
from collections.abc import Iterable
from typing import Final

from django.db import models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations import members
from pecportal.organisations.members import Reach, reach_of
from pecportal.organisations.models import Membership, Organisation, User
from pecportal.permissions import SCOPES, Role
from pecportal.programs import keys
from pecportal.programs.keys import NewKey, Terms
from pecportal.programs.models import ApiKey

_NOWHERE: Final = "programs.invalid"  # RFC 2606: no letter is ever sent there
_OF_NO_MAILBOX: Final = frozenset({Role.LOOKUPS, Role.EVENTS_READ})  # what is for the organisation, or not at all


def make(organisation: Organisation, name: str, reach: Reach, *, terms: Terms, actor: User) -> tuple[User, NewKey]:
    """Make a program and its first key. Raises `Refusal` for a name that another program of the organisation has."""
    name = " ".join(name.split())
    with transaction.atomic():
        _lock(organisation)
        _check(organisation, reach)
        if of(organisation).filter(first_name=name, is_active=True).exists():
            raise Refusal(_("There is a program of this name already: choose another name."), field="name")
        address = f"{slugify(name)[:60] or 'program'}-{secrets.token_hex(4)}@{_NOWHERE}"
        program = User.objects.create_user(address, None, first_name=name, is_program=True)
        members.write(organisation, program, reach, whole=_OF_NO_MAILBOX)
        record("program.make", actor=actor, organisation=organisation, target=program, **reach.facts)
        key = keys.make(program, organisation=organisation, terms=terms, actor=actor)
    return program, key


def change(organisation: Organisation, program: User, reach: Reach, *, networks: Iterable[str], actor: User) -> bool:
    """Give a program other scopes, other limits, and its keys other networks; False when they are so already."""
    with transaction.atomic():
        _lock(organisation)
        _check(organisation, reach)
        before, open_ = reach_of(organisation, program), ApiKey.objects.filter(program=program, revoked_at=None)
        wanted = list(networks)
        others = [key for key in open_.select_for_update() if key.networks != wanted]
        if reach == before and not others:
            return False
        members.write(organisation, program, reach, whole=_OF_NO_MAILBOX)
        for key in others:
            key.networks = wanted
            key.save(update_fields=["networks"])
        told = {"keys": [key.prefix for key in others], "networks": wanted}
        record(
            "program.change",
            actor=actor,
            organisation=organisation,
            target=program,
            before=before.facts,
            after=reach.facts,
            **told,
        )
    return True


def another_key(organisation: Organisation, program: User, *, terms: Terms, actor: User) -> NewKey:
    """Make one more key for a program. Raises `Refusal` for one that was ended."""
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=program.pk)
        if not row.is_active:
            raise Refusal(_("This program was ended: make a new one."))
        return keys.make(row, organisation=organisation, terms=terms, actor=actor)


def end(organisation: Organisation, program: User, *, actor: User) -> bool:
    """Revoke all keys of a program and take its scopes away, at once; False when it was ended already.

    What it began stays, and goes on: people see to it.
    """
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=program.pk)
        if not row.is_active:
            return False
        for key in ApiKey.objects.filter(program=row, revoked_at=None):
            keys.revoke(key, actor=actor)
        before = reach_of(organisation, row)
        Membership.objects.filter(user=row).delete()
        row.is_active = False
        row.save(update_fields=["is_active"])
        record("program.end", actor=actor, organisation=organisation, target=row, before=before.facts)
    return True


def of(organisation: Organisation) -> models.QuerySet[User]:
    """The programs of an organisation, ended ones too."""
    return User.objects.filter(is_program=True, keys__organisation=organisation).distinct()


def _check(organisation: Organisation, reach: Reach) -> None:
    if not reach.roles or not reach.roles <= set(SCOPES):
        raise Refusal(_("Choose at least one scope."), field="scopes")
    members.check_mailboxes(organisation, reach)


def _lock(organisation: Organisation) -> None:
    Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)
