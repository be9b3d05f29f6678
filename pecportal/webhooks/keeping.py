"""Making, changing and ending webhooks, and what people do with their deliveries."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from pecportal import clock, outgoing
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User
from pecportal.queue import enqueue
from pecportal.webhooks import ending, forgetting, publishing, secrets, signing
from pecportal.webhooks.events import TASK
from pecportal.webhooks.models import (
    CHOSEN,
    Because,
    Delivery,
    DeliveryState,
    Event,
    EventType,
    Webhook,
    WebhookState,
)

MOST: Final = 20  # webhooks of an organisation
LONGEST_OVERLAP: Final = 7 * 24  # hours in which the former secret signs, too
USUAL_OVERLAP: Final = 24


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a webhook is to be: its name, where it is called, and for which events."""

    name: str
    url: str
    types: Sequence[str]


@transaction.atomic
def make(organisation: Organisation, wanted: Wanted, *, actor: User, program: User | None = None) -> Webhook:
    """Make a webhook with a new secret, for all events of the organisation or for those of a program's own things.

    Raises `Refusal` for an address that is never called, and beyond so many webhooks.
    """
    _check(wanted)
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    if Webhook.objects.filter(organisation=organisation).count() >= MOST:
        raise Refusal(_("An organisation has at most %(most)s webhooks: remove one first.") % {"most": MOST})
    row = Webhook.objects.create(
        organisation=organisation,
        program=program,
        name=wanted.name.strip(),
        url=wanted.url.strip(),
        types=_ordered(wanted.types),
        created_by=actor,
        created_at=clock.now(),
    )
    Webhook.objects.filter(pk=row.pk).update(secret_sealed=secrets.seal(row.pk, signing.new()))
    row.refresh_from_db()
    record("webhook.make", actor=actor, organisation=organisation, target=row, after=_fields(row))
    return row


@transaction.atomic
def change(webhook: Webhook, wanted: Wanted, *, actor: User) -> bool:
    """Change its name, address or events; False when they are so already. What waits goes to the new address."""
    _check(wanted)
    row = Webhook.objects.select_for_update(of=("self",)).get(pk=webhook.pk)
    before = _fields(row)
    row.name, row.url, row.types = wanted.name.strip(), wanted.url.strip(), _ordered(wanted.types)
    after = _fields(row)
    if before == after:
        return False
    row.save(update_fields=["name", "url", "types"])
    record("webhook.change", actor=actor, organisation=row.organisation, target=row, before=before, after=after)
    return True


@transaction.atomic
def switch_on(webhook: Webhook, *, actor: User) -> bool:
    """Call it again, what waits first; False when it is on. What happened while it was off is in the feed alone."""
    told = {"because": Because.NOTHING, "failures": 0, "failing_since": None, "rest_until": None}
    if not Webhook.objects.filter(pk=webhook.pk).move(WebhookState.ENABLED, **told):
        return False
    record("webhook.switch_on", actor=actor, organisation=webhook.organisation, target=webhook)
    enqueue(TASK)
    return True


@transaction.atomic
def switch_off(webhook: Webhook, *, actor: User) -> bool:
    """Call it no more until somebody switches it on; False when it is off already."""
    if not Webhook.objects.filter(pk=webhook.pk).move(WebhookState.DISABLED, because=Because.PERSON):
        return False
    record("webhook.switch_off", actor=actor, organisation=webhook.organisation, target=webhook)
    return True


@transaction.atomic
def rotate(webhook: Webhook, *, actor: User, overlap: int = USUAL_OVERLAP) -> bytes:
    """Give it a new secret, which this returns; for `overlap` hours the former one signs, too.

    Raises `Refusal` for less than none, and more than a week.
    """
    if not 0 <= overlap <= LONGEST_OVERLAP:
        raise Refusal(
            _("The former secret can go on for 0 to %(most)s hours.") % {"most": LONGEST_OVERLAP}, field="overlap"
        )
    row = Webhook.objects.select_for_update(of=("self",)).get(pk=webhook.pk)
    new = signing.new()
    row.old_secret_sealed = row.secret_sealed if overlap else ""
    row.old_secret_until = clock.real_now() + timedelta(hours=overlap) if overlap else None
    row.secret_sealed = secrets.seal(row.pk, new)
    row.save(update_fields=["secret_sealed", "old_secret_sealed", "old_secret_until"])
    record("webhook.rotate", actor=actor, organisation=row.organisation, target=row, hours=overlap)
    return new


def show_secret(webhook: Webhook, *, actor: User) -> bytes:
    """The secret, for a person who enters it at the receiver; who has seen it is in the journal."""
    record("webhook.show", actor=actor, organisation=webhook.organisation, target=webhook)
    return secrets.current(webhook)


@transaction.atomic
def remove(webhook: Webhook, *, actor: User) -> None:
    """Remove it with its deliveries; the events stay in the feed."""
    publishing.locked_head()  # nobody makes deliveries for it meanwhile
    record("webhook.remove", actor=actor, organisation=webhook.organisation, target=webhook, before=_fields(webhook))
    forgetting.drop(Delivery.objects.filter(webhook=webhook))
    Webhook.objects.filter(pk=webhook.pk).delete()


@transaction.atomic
def test(webhook: Webhook, *, actor: User) -> Delivery:
    """Have a test event delivered to this webhook alone. Raises `Refusal` while it is off."""
    if not Webhook.objects.filter(pk=webhook.pk, state=WebhookState.ENABLED).exists():
        raise Refusal(_("The webhook is off: switch it on first."))
    now = clock.real_now()
    event = Event.objects.create(
        organisation=webhook.organisation,
        made_by=webhook.program,
        type=EventType.TEST,
        subject=uuid.uuid4(),
        data={"webhook": str(webhook.public_id)},
        at=clock.now(),
    )
    row = Delivery.objects.create(webhook=webhook, event=event, subject=event.subject, state_since=now, due_at=now)
    Webhook.objects.filter(pk=webhook.pk).update(rest_until=None)
    record("webhook.test", actor=actor, organisation=webhook.organisation, target=webhook)
    enqueue(TASK)
    return row


@transaction.atomic
def redeliver(delivery: Delivery, *, actor: User) -> None:
    """Deliver an event again, delivered or given up before; it keeps its id. Raises `Refusal` while it waits anyway."""
    again = {"tries": 0, "first_at": None, "behind": False, "due_at": clock.real_now(), "problem": ""}
    if not Delivery.objects.filter(pk=delivery.pk).move(DeliveryState.WAITING, **again):
        raise Refusal(_("This delivery waits to be made already."))
    webhook = delivery.webhook
    facts = {"event": str(delivery.event.public_id)}
    record("webhook.redeliver", actor=actor, organisation=webhook.organisation, target=webhook, **facts)
    enqueue(TASK)


@transaction.atomic
def redeliver_failed(webhook: Webhook, *, actor: User) -> int:
    """Deliver again all that were given up, in their order; how many."""
    publishing.locked_head()  # before the journal's, as where calls are written down
    again = {"tries": 0, "first_at": None, "behind": True, "due_at": clock.real_now(), "problem": ""}
    count = Delivery.objects.filter(webhook=webhook, state=DeliveryState.FAILED).move(DeliveryState.WAITING, **again)
    if count:
        record("webhook.redeliver", actor=actor, organisation=webhook.organisation, target=webhook, count=count)
        enqueue(TASK)
        ending.release_stuck()
    return count


def check_url(url: str) -> None:
    """Raise `Refusal` for an address that is never called, as far as can be told without asking a name server."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or 443
    except ValueError:
        raise Refusal(_("This address cannot be read."), field="url") from None
    if any(ord(each) < 33 or ord(each) > 126 for each in url.strip()):
        raise Refusal(_("Write the address in plain ASCII letters, without spaces."), field="url")
    if parts.fragment or parts.username or parts.password or not parts.hostname:
        raise Refusal(_("Write an address such as https://program.example/hooks, without a user name."), field="url")
    inside = bool(settings.WEBHOOK_NETWORKS)  # whether it is in one of them is known when it is called
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        raise Refusal(_("Only https addresses are called."), field="url")
    if port not in outgoing.PORTS and not inside:
        raise Refusal(_("Only the ports 443 and 8443 are called."), field="url")
    if outgoing.is_inside(parts.hostname, allowed=settings.WEBHOOK_NETWORKS):
        raise Refusal(_("This address is in a network that is not public: it is never called."), field="url")


def _check(wanted: Wanted) -> None:
    if not wanted.name.strip():
        raise Refusal(_("Give it a name."), field="name")
    check_url(wanted.url)
    if not wanted.types or not set(wanted.types) <= {kind.value for kind in CHOSEN}:
        raise Refusal(_("Choose at least one kind of event."), field="types")


def _ordered(types: Sequence[str]) -> list[str]:
    return [kind.value for kind in CHOSEN if kind.value in types]


def _fields(row: Webhook) -> dict[str, object]:
    """What the journal keeps; of the address the host alone, since what follows may hold a key of the receiver's."""
    digest = uuid.uuid5(uuid.NAMESPACE_URL, row.url).hex[:12]
    return {"name": row.name, "host": urlsplit(row.url).hostname or "", "url": digest, "types": list(row.types)}
