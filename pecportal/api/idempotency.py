"""The same request twice is carried out once: its answer is kept in the transaction of what it made.

An answer that is an error is not kept, since nothing was done: it may be asked again with the same key.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Final, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from pecportal import encryption
from pecportal.api.models import KeptAnswer
from pecportal.api.problems import Fault, Problem
from pecportal.organisations.models import User

KEPT: Final = timedelta(days=30)
HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[!-~]{1,255}")
_CHUNK: Final = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its key, and the hash of what it asks."""

    request: Request
    key: str
    digest: str


F = TypeVar("F", bound=Callable[..., Response])


def idempotent(*, required: bool, secret: bool = False) -> Callable[[F], F]:
    """A method of a resource that does nothing twice when its request is repeated with the same key.

    It runs within one transaction: whatever it does is written in rows, and it asks no other system. Its answer is
    kept for 30 days, encrypted if it holds a `secret`.
    """

    def decorate(method: F) -> F:
        @wraps(method)
        def repeatable(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = key_of(request, required=required)
            if key is None:
                return method(view, request, *args, **kwargs)
            return once(request, key, digest(view), lambda: method(view, request, *args, **kwargs), secret=secret)

        repeatable._idempotency = required  # type: ignore[attr-defined]
        return repeatable  # type: ignore[return-value]

    return decorate


def remembered(method: F) -> F:
    """A method that does its work in several steps, and again without harm, as one that takes files: once it is done,
    its answer is kept for the request's key, if there is one.

    Of two that come at once both are carried out, and the answer of the first is kept.
    """

    @wraps(method)
    def repeatable(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = key_of(request)
        if key is None:
            return method(view, request, *args, **kwargs)
        asked = digest(view)
        if (answer := answered(request, key, asked)) is not None:
            return answer
        response = method(view, request, *args, **kwargs)
        if response.status_code >= 400:
            return response
        return once(request, key, asked, lambda: response)

    repeatable._idempotency = False  # type: ignore[attr-defined]
    return repeatable  # type: ignore[return-value]


def key_of(request: Request, *, required: bool = False) -> str | None:
    """The request's key. Raises `Problem` when it is no key, or missing and `required`."""
    given = request.headers.get(HEADER)
    if given is None and not required:
        return None
    if given is None:
        raise Problem("idempotency-key-missing")
    key = str(given).strip()
    if not _KEY.fullmatch(key):
        words = _("1 to 255 printable ASCII characters, no spaces.")
        raise Problem("invalid", faults=(Fault(words, "invalid", header=HEADER),))
    return key


def needed_key(request: Request) -> str:
    """The request's key. Raises `Problem` when it is no key, or missing."""
    return key_of(request, required=True) or ""


def answered(request: Request, key: str, asked: str, *, within: timedelta = KEPT) -> Response | None:
    """The answer to the same, if it was given already; see `once`. Raises `Problem` when the key was another's.

    A resource asks this before it looks at anything that may have changed since: what was taken stays taken.
    """
    row = KeptAnswer.objects.filter(user=request.user.pk, key=key, at__gte=timezone.now() - within).first()
    return None if row is None else _again(row, asked)


def once(
    request: Request,
    key: str,
    asked: str,
    act: Callable[[], Response],
    *,
    within: timedelta = KEPT,
    secret: bool = False,
) -> Response:
    """Carry out what was asked, or give the answer to the same of not longer ago than `within`.

    `asked`: a hash of the request, made before, so that a slow client holds no lock. An answer that holds a `secret`
    is kept encrypted. Raises `Problem`.
    """
    user = _user(request)
    with transaction.atomic():
        if not _locked(user.pk, [key]):
            raise _in_progress()
        row = _kept(user, [key], within=within, is_writing=True).get(key)
        if row is not None:
            return _again(row, asked)
        response = act()
        if response.status_code >= 400:
            transaction.set_rollback(True)
            return response
        row = _row(Asked(request, key, asked), response)
        body = row.body
        row.body = "" if secret else body
        row.save(force_insert=True)
        if secret:
            sealed = encryption.seal(body.encode(), context=KeptAnswer.context(row.pk))
            KeptAnswer.objects.filter(pk=row.pk).update(body_sealed=sealed)
    return response


def each_once(asked: Sequence[Asked], act: Callable[[Sequence[int]], Sequence[Response]]) -> list[Response | Problem]:
    """`once` for several requests of one user, in one transaction: what each is answered, or refused with.

    `act` is given the places of those that were not answered before, and answers each with success. When it raises,
    nothing was done for any of them. Raises `ValueError` for requests of several users.
    """
    (user,) = {_user(each.request) for each in asked}
    kept = _kept(user, {each.key for each in asked}, within=KEPT)
    new = sorted({each.key for each in asked} - kept.keys())
    responses = _carried_out(user, new, asked, act, kept) if new else {}
    return [responses.get(place) or _repeated(kept.get(each.key), each) for place, each in enumerate(asked)]


def forget_old() -> int:
    """Drop the answers that are too old to be asked for; how many went."""
    gone = 0
    while ids := list(KeptAnswer.objects.filter(at__lt=timezone.now() - KEPT).values_list("pk", flat=True)[:_CHUNK]):
        gone += KeptAnswer.objects.filter(pk__in=ids).delete()[0]
    return gone


def _user(request: Request) -> User:
    if not isinstance(request.user, User):
        raise TypeError("Nobody is signed in.")
    return request.user


def _kept(user: User, keys: Collection[str], *, within: timedelta, is_writing: bool = False) -> dict[str, KeptAnswer]:
    """The answers that count still, by their keys. Whoever `is_writing`, and holds the keys, drops the others."""
    oldest = timezone.now() - within
    rows = list(KeptAnswer.objects.filter(user=user, key__in=keys))
    if is_writing and (old := [row.pk for row in rows if row.at < oldest]):
        KeptAnswer.objects.filter(pk__in=old).delete()
    return {row.key: row for row in rows if row.at >= oldest}


def _carried_out(
    user: User,
    keys: Sequence[str],
    asked: Sequence[Asked],
    act: Callable[[Sequence[int]], Sequence[Response]],
    kept: dict[str, KeptAnswer],
) -> dict[int, Response]:
    """What those were answered, by their places, that nobody is at work on; to `kept` comes what was kept by now."""
    with transaction.atomic():
        free = _locked(user.pk, keys)
        found = _kept(user, free, within=KEPT, is_writing=True)
        places: dict[str, int] = {}  # of two with the same key the first is carried out
        for place, each in enumerate(asked):
            if each.key in free and each.key not in found:
                places.setdefault(each.key, place)
        responses = dict(zip(places.values(), act([*places.values()]) if places else (), strict=True))
        rows = [_row(asked[place], response) for place, response in responses.items()]
        KeptAnswer.objects.bulk_create(rows)
    kept |= found | {row.key: row for row in rows}
    return responses


def _row(asked: Asked, response: Response) -> KeptAnswer:
    return KeptAnswer(
        user=_user(asked.request),
        key=asked.key,
        asked=asked.digest,
        status=response.status_code,
        body="" if response.data is None else JSONRenderer().render(response.data).decode(),
        headers={name: response.headers[name] for name in ("Location", "ETag") if name in response.headers},
    )


def _repeated(row: KeptAnswer | None, asked: Asked) -> Response | Problem:
    if row is None:
        return _in_progress()
    try:
        return _again(row, asked.digest)
    except Problem as problem:
        return problem


def _in_progress() -> Problem:
    return Problem("in-progress", headers={"Retry-After": "1"})


def _again(row: KeptAnswer, asked: str) -> Response:
    if row.asked != asked:
        raise Problem("idempotency-key-reused")
    body = row.body
    if row.body_sealed:
        body = encryption.unseal(row.body_sealed, context=KeptAnswer.context(row.pk)).decode()
    data = json.loads(body) if body else None
    return Response(data, status=row.status, headers={**row.headers, REPLAYED: "true"})


def _locked(user_id: int, keys: Sequence[str]) -> list[str]:
    """Those of the keys on which no other transaction is at work; SQLite has one writer at a time anyway."""
    if connection.vendor != "postgresql":
        return list(keys)
    numbers = {key: _number(user_id, key) for key in keys}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n FROM unnest(%s::bigint[]) AS n WHERE pg_try_advisory_xact_lock(n)", [[*numbers.values()]]
        )
        mine = {number for (number,) in cursor.fetchall()}
    return [key for key, number in numbers.items() if number in mine]


def _number(user_id: int, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"idempotency:{user_id}:{key}".encode()).digest()[:8], signed=True)


def digest(view: Any) -> str:
    """SHA-256 in hex over what a resource is asked, and for which organisation: its method, path, query and body.

    JSON counts by its values, a form by its fields and files.
    """
    request = view.request
    of = f"{view.organisation.pk}\0{request.method}\0{request._request.get_full_path()}\0"
    found = hashlib.sha256(of.encode())
    data = request.data
    if not isinstance(data, QueryDict):
        found.update(json.dumps(data, sort_keys=True, separators=(",", ":")).encode())
        return found.hexdigest()
    for name in sorted(data):
        for value in data.getlist(name):
            told: Mapping[str, str] = _file(value) if isinstance(value, UploadedFile) else {"value": str(value)}
            found.update(json.dumps([name, told], sort_keys=True).encode())
    return found.hexdigest()


def _file(upload: "UploadedFile[Any]") -> dict[str, str]:
    found = hashlib.sha256()
    for chunk in upload.chunks():
        found.update(chunk)
    upload.seek(0)
    return {"file": str(upload.name), "sha256": found.hexdigest()}
