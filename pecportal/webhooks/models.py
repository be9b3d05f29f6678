"""Events, the webhooks that want to hear of them, and each delivery of one to the other."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import Membership, Organisation, User
from pecportal.permissions import Power, TenantQuerySet
from pecportal.statemachine import State, moves

PERSON = settings.AUTH_USER_MODEL


class EventType(models.TextChoices):
    """What an event tells; docs/webhooks.md has each one's data."""

    MESSAGE_STATUS = "message.status_changed", _("A message's status changed")
    CAMPAIGN_STATE = "campaign.state_changed", _("A campaign's state changed")
    MAILBOX_STATE = "mailbox.state_changed", _("A mailbox's state changed")
    MAILBOX_SPACE = "mailbox.space", _("A mailbox is nearly full, or has room again")
    JOB_COMPLETED = "job.completed", _("A job of the portal ended")
    TEST = "webhook.test", _("A test that somebody asked for")


OF_MAILBOXES = (EventType.MAILBOX_STATE, EventType.MAILBOX_SPACE)
CHOSEN = tuple(kind for kind in EventType if kind is not EventType.TEST)  # those that a webhook asks for


class EventQuerySet(TenantQuerySet["Event"]):
    """Events, of which a program sees those of what it made itself, and those of mailboxes that it may use."""

    def visible_to(self, user: "User | AnonymousUser", power: Power | None = None) -> Self:
        """As everywhere; a program sees its own."""
        rows = super().visible_to(user, power)
        return rows.of_program(user) if user.is_authenticated and user.is_program else rows

    def of_program(self, program: User) -> Self:
        """Those of a program's own things, and of mailboxes: of some alone if it is limited to them."""
        limited = Membership.objects.filter(user=program, is_limited=True)
        own, of_mailboxes = Q(made_by=program), Q(type__in=OF_MAILBOXES, made_by=None)
        if limited.exists():
            of_mailboxes &= Q(mailbox__in=limited.values("mailboxes"))
        return self.filter(own | of_mailboxes)


class Event(models.Model):
    """One thing that happened: ids, states and times, never contents. Written with what it tells, append only.

    `position` is its place in the feed. It is given once the event is committed, under a lock: later places are never
    seen before earlier ones. `made_by` is who made the message or the campaign, `mailbox` whose members may see it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    made_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", db_index=False)
    mailbox = models.ForeignKey("mailboxes.Mailbox", models.PROTECT, null=True, related_name="+", db_index=False)
    type = models.CharField(_("type"), max_length=40, choices=EventType.choices)
    subject = models.UUIDField(_("about"))
    data = models.JSONField(_("data"), default=dict)
    at = models.DateTimeField(_("when"))
    position = models.BigIntegerField(_("place"), null=True, unique=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "position"], name="event_feed"),
            models.Index(fields=["id"], condition=Q(position__isnull=True), name="event_unplaced"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"


class Head(models.Model):
    """The feed's one row: the last place given, and who delivers now."""

    position = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=63, blank=True, default="")
    leased_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("end of the feed")
        verbose_name_plural = _("end of the feed")

    def __str__(self) -> str:
        return str(self.position)


@moves({"enabled": ("disabled",), "disabled": ("enabled",)})
class WebhookState(State):
    """Whether a webhook is called."""

    ENABLED = "enabled", _("On")
    DISABLED = "disabled", _("Off")


class Because(models.TextChoices):
    """Why a webhook was switched off."""

    NOTHING = "", ""
    PERSON = "person", _("Somebody switched it off")
    GONE = "gone", _("Its receiver said that it is gone for good (410)")
    FAILING = "failing", _("Its receiver took nothing for three days")


class Webhook(models.Model):
    """An address of a program that wants to hear of an organisation's events, or of one `program`'s alone.

    Secrets are sealed. For a while after a change the former one signs, too.
    """

    maker = "program"  # a program sees its own alone

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="webhooks")
    program = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only what this program made")
    )
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=500)
    types = models.JSONField(_("events"), default=list)
    secret_sealed = models.TextField(editable=False)
    old_secret_sealed = models.TextField(blank=True, editable=False, default="")
    old_secret_until = models.DateTimeField(_("former secret signs until"), null=True)

    state = models.CharField(_("state"), max_length=20, choices=WebhookState.choices, default=WebhookState.ENABLED)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    because = models.CharField(
        _("why it is off"), max_length=20, choices=Because.choices, blank=True, default=Because.NOTHING
    )
    told_at = models.DateTimeField(_("administrators told"), null=True)
    failures = models.PositiveIntegerField(_("calls that failed in a row"), default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    rest_until = models.DateTimeField(_("called again after"), null=True)

    created_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("made by"))
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=WebhookState.values), name="webhook_state_known"),
            models.CheckConstraint(condition=Q(because__in=Because.values), name="webhook_because_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("webhooks:webhook", args=[self.pk])

    @property
    def is_enabled(self) -> bool:
        """Whether it is called."""
        return self.state == WebhookState.ENABLED

    @property
    def type_labels(self) -> list[str]:
        """The events that it asks for, in words."""
        return [str(EventType(each).label) for each in self.types if each in EventType.values]


@moves({"waiting": ("delivered", "failed"), "delivered": ("waiting",), "failed": ("waiting",)})
class DeliveryState(State):
    """What became of a delivery. A person may have it made again."""

    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Given up")


class Delivery(models.Model):
    """One event to one webhook. While it is `behind`, an earlier one about the same subject is delivered first."""

    tenant = "webhook__organisation"
    maker = "webhook__program"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # dropped in SQL by `forgetting`: there may be hundreds of thousands
    webhook = models.ForeignKey(Webhook, models.DO_NOTHING, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, models.DO_NOTHING, related_name="deliveries")
    subject = models.UUIDField()
    state = models.CharField(_("state"), max_length=20, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    behind = models.BooleanField(_("waits for an earlier one"), default=False)
    due_at = models.DateTimeField(_("tried next"))
    tries = models.PositiveSmallIntegerField(_("calls"), default=0)
    first_at = models.DateTimeField(_("first call"), null=True)
    last_at = models.DateTimeField(_("last call"), null=True)
    last_status = models.PositiveSmallIntegerField(_("last answer"), null=True)
    problem = models.CharField(_("what was wrong"), max_length=100, blank=True, default="")

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["webhook", "event"], name="webhook_delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="webhook_delivery_state_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["webhook", "id"], name="webhook_delivery_list"),
            models.Index(
                fields=["webhook", "due_at", "id"],
                condition=Q(state="waiting", behind=False),
                name="webhook_delivery_due",
            ),
            models.Index(
                fields=["webhook", "subject", "id"], condition=Q(state="waiting"), name="webhook_delivery_in_order"
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class Call(models.Model):
    """One call that was made for a delivery: its answer's status, or why there was none. Never what was answered."""

    tenant = "delivery__webhook__organisation"
    maker = "delivery__webhook__program"

    delivery = models.ForeignKey(Delivery, models.DO_NOTHING, related_name="calls")
    at = models.DateTimeField(_("when"))
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    problem = models.CharField(_("what was wrong"), max_length=100, blank=True, default="")
    milliseconds = models.PositiveIntegerField(_("took (ms)"), default=0)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return str(self.pk)
