"""The keys of programs: made, replaced with both valid for a while, revoked, and recognised.

A key is `ppk_`, 8 characters by which people know it, and 256 random bits. It is shown once, and its SHA-256 kept:
nobody guesses so many random bits, so that a slow hash would protect nothing.
"""

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User
from pecportal.programs.models import ApiKey

PREFIX: Final = "ppk_"
LONGEST: Final = 100  # characters that a key may have
OVERLAPS: Final = (0, 1, 7, 30)  # days for which the key before stays valid
_TOUCH: Final = timedelta(minutes=1)  # so often at most is it written down that a key was used
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # none that is taken for another


@dataclass(frozen=True, slots=True, repr=False)
class NewKey:
    """A key just made. `text` is the only copy of it."""

    row: ApiKey
    text: str


@sensitive_variables("text")
def make(program: User, *, organisation: Organisation, terms: "Terms", actor: User) -> NewKey:
    """Make a key, in the caller's transaction."""
    text = PREFIX + "".join(secrets.choice(_LETTERS) for _n in range(8)) + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        organisation=organisation,
        program=program,
        prefix=text[: len(PREFIX) + 8],
        digest=digest_of(text),
        networks=list(terms.networks),
        expires_at=terms.expires_at,
        created_by=actor,
    )
    facts = {"prefix": row.prefix, "networks": row.networks, "expires": _told(row.expires_at), "program": str(program)}
    record("key.make", actor=actor, organisation=organisation, target=row, **facts)
    return NewKey(row, text)


@dataclass(frozen=True, slots=True)
class Terms:
    """From where (CIDR, "" none), and until when a key may be used."""

    networks: tuple[str, ...] = ()
    expires_at: datetime | None = None


@transaction.atomic
def rotate(key: ApiKey, *, overlap_days: int, actor: User) -> NewKey:
    """Make another key in this one's place, which stays valid for `overlap_days` more, and never longer than it was.

    Raises `Refusal` for a key that is not valid any more.
    """
    row = _locked(key)
    now = timezone.now()
    if not row.is_valid(now):
        raise Refusal(_("This key is not valid any more: make a new one."))
    span = None if row.expires_at is None else row.expires_at - row.created_at
    new = make(
        row.program,
        organisation=row.organisation,
        terms=Terms(tuple(row.networks), None if span is None else now + span),
        actor=actor,
    )
    end = now + timedelta(days=overlap_days)
    row.expires_at = end if row.expires_at is None else min(row.expires_at, end)
    row.save(update_fields=["expires_at"])
    facts = {"prefix": row.prefix, "by": new.row.prefix, "expires": _told(row.expires_at)}
    record("key.rotate", actor=actor, organisation=row.organisation, target=row, **facts)
    return new


@transaction.atomic
def revoke(key: ApiKey, *, actor: User) -> bool:
    """End a key at once; False when it was revoked already."""
    row = _locked(key)
    if row.revoked_at is not None:
        return False
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    record("key.revoke", actor=actor, organisation=row.organisation, target=row, prefix=row.prefix)
    return True


def hands_of(user: User) -> frozenset[int]:
    """The ids of a person and of all programs that ever had a key of this person's making.

    What such a program did may have been done by who knows its key: where two people are wanted, it is no second one.
    """
    programs = ApiKey.objects.filter(created_by=user).values_list("program_id", flat=True)
    return frozenset({user.pk, *programs})


def people_behind(users: Iterable[int | None]) -> frozenset[int]:
    """The same the other way round: these people, and whoever ever made a key of one of these programs."""
    ids = {each for each in users if each is not None}
    makers = ApiKey.objects.filter(program__in=ids).values_list("created_by_id", flat=True)
    return frozenset({*ids, *makers})


def find(text: str) -> ApiKey | None:
    """The key with this text, valid or not; its program comes with it."""
    if not text.startswith(PREFIX) or len(text) > LONGEST:
        return None
    return ApiKey.objects.select_related("program", "organisation").filter(digest=digest_of(text)).first()


def touch(key: ApiKey) -> None:
    """Note that it was used, once a minute at most."""
    now = timezone.now()
    if key.last_used_at is not None and key.last_used_at > now - _TOUCH:
        return
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - _TOUCH)
    ApiKey.objects.filter(due, pk=key.pk).update(last_used_at=now)


def is_from(address: str, networks: Iterable[str]) -> bool:
    """Whether a network address is in one of the networks; in any where there are none."""
    wanted = [ipaddress.ip_network(each) for each in networks]
    if not wanted:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found.version == network.version and found in network for network in wanted)


def networks_in(text: str) -> tuple[str, ...]:
    """The networks of a list with spaces, commas or line ends, as CIDR. Raises `Refusal` for what is none."""
    found = []
    for part in text.replace(",", " ").replace(";", " ").split():
        try:
            found.append(str(ipaddress.ip_network(part, strict=False)))
        except ValueError as exc:
            words = _("“%(text)s” is no network, such as 192.0.2.0/24 or 192.0.2.7.") % {"text": part[:50]}
            raise Refusal(words, field="networks") from exc
    return tuple(dict.fromkeys(found))


def digest_of(text: str) -> str:
    """SHA-256 (hex) of a key."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _locked(key: ApiKey) -> ApiKey:
    return ApiKey.objects.select_for_update(of=("self",)).select_related("program", "organisation").get(pk=key.pk)


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
