"""What the doors themselves see: who signs in and out, what is changed by hand in the console, and who was refused.

Refusals are recorded, but what repeats itself not again and again.
"""

import hmac
import json
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.db.models import F
from django.db.models.signals import post_save
from django.http import HttpRequest

from pecportal import clock
from pecportal.journal import origin
from pecportal.journal.models import Refused
from pecportal.journal.record import record
from pecportal.organisations.models import User

WINDOW: Final = timedelta(minutes=10)  # in which the same is recorded once
MOST: Final = 100  # entries in a window, whoever and from wherever it is
_ALL: Final = "all"
_CONSOLE: Final = {ADDITION: "console.add", CHANGE: "console.change", DELETION: "console.delete"}


def listen() -> None:
    """Hear of it."""
    user_login_failed.connect(_failed, dispatch_uid="journal.sign_in_failed")
    user_logged_in.connect(_in, dispatch_uid="journal.sign_in")
    user_logged_out.connect(_out, dispatch_uid="journal.sign_out")
    post_save.connect(_console, sender=LogEntry, dispatch_uid="journal.console")


def note(action: str, *what: object, actor: User | None = None, **facts: Any) -> bool:
    """Record a refusal unless the same was recorded lately; the next entry says how often it was. True if recorded."""
    where = origin.here()
    key = _hash(action, where.address, actor.pk if actor else "", *what)
    with transaction.atomic():
        earlier = _begun(key)
        if earlier is None or not _is_room():
            return False
        if earlier:
            facts["times_before"] = earlier
        record(action, actor=actor, **facts)
    return True


def _begun(key: str) -> int | None:
    """How often it was seen in the window before, if a new one begins now; None within one."""
    now = clock.now()
    row, is_new = Refused.objects.get_or_create(key=key, defaults={"since": now})
    if is_new:
        return 0
    if row.since > now - WINDOW:
        Refused.objects.filter(key=key).update(times=F("times") + 1)
        return None
    if not Refused.objects.filter(key=key, since=row.since).update(since=now, times=0):
        return None  # another process was quicker
    return row.times


def _is_room() -> bool:
    """Whether the window of all refusals has room for one more entry."""
    now = clock.now()
    Refused.objects.get_or_create(key=_ALL, defaults={"since": now})
    Refused.objects.filter(key=_ALL, since__lte=now - WINDOW).update(since=now, times=0)
    return bool(Refused.objects.filter(key=_ALL, times__lt=MOST).update(times=F("times") + 1))


def forget_old() -> int:
    """Drop what was not seen for a day."""
    return Refused.objects.filter(since__lt=clock.now() - timedelta(days=1)).delete()[0]


def _hash(*parts: object) -> str:
    text = "\0".join(str(part) for part in parts)
    return hmac.new(settings.SECRET_KEY.encode(), b"refused\0" + text.encode("utf-8", "replace"), "sha256").hexdigest()


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Somebody could not sign in. What was typed is not recorded: it may be a password in the wrong field."""
    typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    person = User.objects.filter(email=typed).first()
    note("access.sign_in_failed", typed, person=person.email if person else "")


def _console(instance: LogEntry, created: bool, **kwargs: Any) -> None:
    """Whatever is added, changed or deleted by hand in the console, with the names of its fields alone."""
    act = _CONSOLE.get(instance.action_flag)
    if not created or act is None:
        return
    model = instance.content_type.model_class() if instance.content_type else None
    has_number = model is not None and str(instance.object_id).isdecimal()
    target = model(pk=int(str(instance.object_id))) if model is not None and has_number else None
    record(act, actor=instance.user, target=target, fields=_fields(instance.change_message))


def _fields(message: str) -> list[str]:
    """The names of the fields in the console's own note of a change."""
    try:
        told = json.loads(message or "[]")
    except ValueError:
        return []
    parts = [part for each in told if isinstance(each, dict) for part in each.values() if isinstance(part, dict)]
    return sorted({str(field) for part in parts for field in part.get("fields", ())})


def _in(user: User, **kwargs: Any) -> None:
    record("access.sign_in", actor=user)


def _out(user: User | None, **kwargs: Any) -> None:
    if user is not None:
        record("access.sign_out", actor=user)
