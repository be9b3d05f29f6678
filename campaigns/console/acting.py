"""Doing what an operator chose on a desk: once for each form, thing by thing, each with its line in the journal."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from campaigns.console.items import Act, Desk, Item
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation.models import Deed, Handled
from pecportal.organisations.models import User

LONGEST_REASON = 2000
AT_ONCE: Final = timedelta(seconds=10)


@dataclass(slots=True)
class Done:
    """What came of it: how many were done, how many needed nothing any more, and why others could not be done."""

    done: int = 0
    idle: int = 0
    refused: list[tuple[Item, str]] = field(default_factory=list)
    again: bool = False


def lawful(desk: Desk, act: Act, keys: Sequence[str]) -> list[Item]:
    """Those of the things with which the act may be done now."""
    return [item for item in desk.items(keys) if act.name in item.acts]


def perform(desk: Desk, act: Act, keys: Sequence[str], *, token: uuid.UUID, reason: str, actor: User) -> Done:
    """Do it. A form sent twice, or at once from two windows, is done once: `again` says so.

    What was settled meanwhile is left alone. Raises `Refusal` without a reason.
    """
    reason = reason.strip()
    if not reason:
        raise Refusal(_("Write down why: the reason is kept in the journal."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refusal(_("The reason is too long."), field="reason")
    facts = {"act": f"{desk.name}.{act.name}", "by": actor, "at": clock.now(), "reason": reason, "chosen": len(keys)}
    deed, is_new = Deed.objects.get_or_create(token=token, defaults=facts)
    if not is_new:
        return Done(again=True)
    result, met = Done(), dict[object, bool]()
    for item in lawful(desk, act, keys):
        kin = act.once_for(item) if act.once_for else None
        if kin is not None and kin in met:
            result.done += met[kin]
            continue
        met[kin] = _one(act, item, deed, result, actor, key=item.key if kin is None else f"kin:{kin}")
    result.idle += max(0, len(keys) - result.done - result.idle - len(result.refused))
    Deed.objects.filter(pk=deed.pk).update(done=result.done)
    return result


def _one(act: Act, item: Item, deed: Deed, result: Done, actor: User, *, key: str) -> bool:
    try:
        with transaction.atomic():  # what is done is in the journal, and the other way round
            did = _is_first(deed.act, key) and act.work(item, actor)
            if not did:
                transaction.set_rollback(True)  # nor was it handled
            else:
                facts = {"act": deed.act, "key": item.key, "deed": deed.pk, "reason": deed.reason}
                row = item.row if isinstance(item.row, Model) else None
                record("console.act", actor=actor, organisation=item.organisation, target=row, **facts)
    except Refusal as refusal:
        result.refused.append((item, str(refusal)))
        return False
    result.done, result.idle = result.done + did, result.idle + (not did)
    return did


def _is_first(act: str, key: str) -> bool:
    """Whether nobody did the same with the same thing a moment ago; who does it just now is waited for."""
    now = clock.real_now()
    _row, is_new = Handled.objects.get_or_create(act=act, key=key[:80], defaults={"at": now})
    return is_new or bool(Handled.objects.filter(act=act, key=key[:80], at__lt=now - AT_ONCE).update(at=now))
