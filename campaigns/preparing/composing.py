"""A draft written in one go: its sender, text and times, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from campaigns.models import Campaign
from campaigns.preparing import drafts, own, recipients, schedule, writing
from mailboxes.models import Mailbox
from pecportal.organisations.models import Organisation, User


@dataclass(frozen=True, slots=True)
class Parts:
    """What is to be written; None, or a name that `basics` and `when` leave out, stays as it is.

    `basics` are named as for `drafts.edit`, `when` as the fields of `schedule.When`. `leaves_out_faulty`: the list's
    faulty rows are left out. `without_own_files`: so many rows go without a file of their own.
    """

    basics: Mapping[str, Any] = field(default_factory=dict)
    mailbox: Mailbox | None = None
    others: Sequence[Mailbox] | None = None
    subject: str | None = None
    body: str | None = None
    when: Mapping[str, Any] = field(default_factory=dict)
    leaves_out_faulty: bool = False
    without_own_files: int | None = None


@transaction.atomic
def create(organisation: Organisation, mailbox: Mailbox, parts: Parts, *, actor: User) -> Campaign:
    """Make a draft with all its parts, its name among them.

    Raises `Refusal` on the field that is wrong, and makes nothing then.
    """
    draft = drafts.create(organisation, mailbox=mailbox, others=parts.others or (), actor=actor, **parts.basics)
    return _write(draft, parts, actor)


@transaction.atomic
def change(campaign: Campaign, parts: Parts, *, actor: User) -> Campaign:
    """Change parts of a draft, and return it anew; the same again changes nothing. Raises as `create`."""
    draft = drafts.locked(campaign)
    mailbox, *others = draft.senders
    told = {name: getattr(draft, name) for name in ("name", "protocol", "reference", "further")}
    told |= {"mailbox": parts.mailbox or mailbox, "others": others if parts.others is None else parts.others}
    drafts.edit(draft, **{**told, **parts.basics}, actor=actor)
    return _write(draft, parts, actor)


def _write(draft: Campaign, parts: Parts, actor: User) -> Campaign:
    if parts.subject is not None or parts.body is not None:
        subject = draft.subject if parts.subject is None else parts.subject
        writing.save(draft, subject=subject, body=draft.body if parts.body is None else parts.body, actor=actor)
    if parts.when:
        schedule.save(draft, replace(schedule.of(draft), **parts.when), actor=actor)
    if parts.leaves_out_faulty:
        recipients.go_on_without_faulty(draft, actor=actor)
    if parts.without_own_files is not None:
        own.all_go_without(draft, seen=parts.without_own_files, actor=actor)
    return Campaign.objects.select_related("organisation", "mailbox__plan", "created_by").get(pk=draft.pk)
