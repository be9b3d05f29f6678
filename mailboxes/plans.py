"""How much a mailbox may send: which plan it has, and what the plan says."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from mailboxes.models import Mailbox, Plan
from pecportal.journal.record import record
from pecportal.organisations.models import User


@transaction.atomic
def assign(mailbox: Mailbox, plan: Plan | None, *, actor: User) -> None:
    """Put a mailbox under a plan; the one that it has already changes nothing."""
    row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
    if row.plan_id == (plan.pk if plan else None):
        return
    old, row.plan = row.plan, plan
    row.save(update_fields=["plan"])
    was, name = {"plan": old.name if old else ""}, plan.name if plan else ""
    record(
        "mailbox.plan",
        actor=actor,
        organisation=row.organisation,
        target=row,
        before=was,
        after={"plan": name},
        plan=name,
    )


@transaction.atomic
def save(plan: Plan, *, actor: User) -> None:
    """Keep a plan's numbers, which hold for all its mailboxes from now on."""
    earlier = Plan.objects.filter(pk=plan.pk).first()
    plan.save()
    plan.refresh_from_db()
    told = _told(plan)
    before = {"name": earlier.name, **_told(earlier)} if earlier else {}
    record("plan.save", actor=actor, target=plan, before=before, after={"name": plan.name, **told}, **told)


def _told(plan: Plan) -> dict[str, Any]:
    """A plan's numbers as the journal keeps them."""
    numbers = {field.name: getattr(plan, field.name) for field in plan._meta.fields if field.name not in ("id", "name")}
    return {name: str(value) if isinstance(value, Decimal | date) else value for name, value in numbers.items()}
