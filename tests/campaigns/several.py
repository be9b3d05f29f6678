"""Campaigns that two mailboxes of an office send."""

from collections import Counter
from typing import Any

from campaigns.models import Campaign, Message
from campaigns.preparing import drafts, writing
from mailboxes.models import Mailbox
from pecportal.organisations.models import User
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.campaigns import build

FIRST, SECOND = "uno@prova.example", "due@prova.example"


def rows(count: int) -> str:
    """A list whose recipients are delivered."""
    return "nome;pec\n" + "".join(f"Ditta {n};consegnata.{n}@prova.example\n" for n in range(count))


def boxes(actor: User, *, vendor: Sandbox | None = None, **fields: Any) -> tuple[Mailbox, Mailbox]:
    """Two mailboxes of the office in which a person works."""
    office = build.organisation_of(actor)
    first = kernel.mailbox(office, address=FIRST, vendor=vendor, **fields)
    return first, kernel.mailbox(office, address=SECOND, vendor=vendor, **fields)


def ready(actor: User, *, count: int = 10, vendor: Sandbox | None = None) -> Campaign:
    """A draft that both send, and that may be started."""
    first, second = boxes(actor, vendor=vendor)
    office = build.organisation_of(actor)
    draft = drafts.create(office, name="Solleciti TARI", mailbox=first, others=[second], actor=actor)
    build.upload(draft, rows(count))
    return writing.save(draft, subject=build.SUBJECT, body=build.BODY, actor=actor)


def split(campaign: Campaign, **wanted: Any) -> dict[str, int]:
    """How many messages each mailbox has, by its address."""
    found = Message.objects.filter(campaign=campaign, **wanted).values_list("mailbox__address", flat=True)
    return dict(Counter(found))
