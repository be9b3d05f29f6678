"""Messages and the attempts to send them. What cannot happen twice is forbidden here, in the database."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models import news
from campaigns.models.campaign import Campaign
from campaigns.states import Declared, MessageState, Outcome, Phase, Shown
from mailboxes.models import Mailbox
from pecportal.permissions import TenantQuerySet
from pecportal.statemachine import Sql, State, move_by_id
from pecportal.webhooks import events

TOLD_AT_ONCE = 500
HELD = datetime(2999, 1, 1, tzinfo=UTC)  # the `not_before` of messages that wait for others of their campaign


class MessageQuerySet(TenantQuerySet["Message"]):
    """Messages, whose shown status follows our state as long as no receipt says more."""

    def move(self, to: State, **changes: Any) -> int:
        """Move the rows that may become `to`, and return how many did; a verdict's status stays as it is.

        Programs that listen are told of each new status, in the same transaction.
        """
        changes.setdefault("status", Case(When(verdict="none", then=Value(to.value)), default=F("status")))
        ears = news.ears(to)
        if not ears:
            return super().move(to, **changes)
        sources, count = [state for state in type(to) if to in state.successors], 0
        with transaction.atomic():
            rows = self.filter(state__in=sources).select_for_update(of=("self",)).order_by("pk")
            ids = list(rows.values_list("pk", flat=True))
            for start in range(0, len(ids), TOLD_AT_ONCE):
                part = ids[start : start + TOLD_AT_ONCE]
                told = news.of_moving(part, to, ears)
                count += super(MessageQuerySet, Message.objects.filter(pk__in=part)).move(to, **changes)
                events.record_all(told, listening=ears)
        return count


def move_messages(ids: Sequence[int], to: MessageState, **changes: object) -> int:
    """`MessageQuerySet.move` for messages known by their ids, in one ready-made statement, in a transaction."""
    status = Sql("CASE WHEN verdict = 'none' THEN %s ELSE status END", (to.value,))
    ears = news.ears(to)
    told = news.of_moving(ids, to, ears)
    count = move_by_id(Message, ids, to, status=status, **changes)
    events.record_all(told, listening=ears)
    return count


class Message(models.Model):
    """One certified message to one recipient. Narrow, because its state changes often; see `MessageContent`."""

    tenant = "campaign__organisation"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="messages")
    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="+", db_index=False)
    line = models.PositiveIntegerField(_("line"))
    recipient = models.CharField(_("recipient"), max_length=254)
    ref = models.CharField(_("reference"), max_length=10, unique=True)
    state = models.CharField(_("state"), max_length=20, choices=MessageState.choices, default=MessageState.QUEUED)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    failures = models.PositiveSmallIntegerField(default=0)
    verdict = models.CharField(_("verdict"), max_length=20, default="none")
    flags = models.JSONField(_("flags"), default=list)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    status = models.CharField(_("status"), max_length=20, choices=Shown.choices, default=Shown.QUEUED)
    deadline_at = models.DateTimeField(null=True)
    declared = models.CharField(
        _("declared by a person"), max_length=10, choices=Declared.choices, blank=True, default=Declared.NOTHING
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "line"], name="message_line_once"),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_known"),
            models.CheckConstraint(condition=Q(status__in=Shown.values), name="message_status_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign", "state", "id"], name="message_campaign_state"),
            models.Index(fields=["campaign", "status", "id"], name="message_campaign_status"),
            models.Index(fields=["mailbox", "state"], name="message_mailbox_state"),
            models.Index(fields=["recipient", "id"], name="message_recipient"),
            models.Index(fields=["deadline_at"], name="message_deadline", condition=Q(deadline_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("campaigns:message", args=[self.campaign_id, self.pk])


class MessageContent(models.Model):
    """What one message says, frozen at launch and never changed."""

    tenant = "message__campaign__organisation"

    message = models.OneToOneField(Message, models.PROTECT, primary_key=True, related_name="content")
    subject = models.CharField(_("subject"), max_length=400)
    body = models.TextField(_("text"))
    values = models.JSONField(_("values"), default=dict)
    payload_sha256 = models.CharField(max_length=64)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("content of a message")
        verbose_name_plural = _("contents of messages")

    def __str__(self) -> str:
        return str(self.message_id)


LIVE = Q(outcome__isnull=True) | Q(outcome__in=[Outcome.UNCERTAIN, Outcome.ACCEPTED])


class Route(models.Model):
    """Where and as whom attempts were sent: with the frozen content, it shows each request again as it went."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="+", db_index=False)
    url = models.CharField(_("address of the service"), max_length=300)
    sender = models.CharField(_("sender"), max_length=254)
    username = models.CharField(_("user name"), max_length=254)
    version = models.CharField(_("version of the portal"), max_length=40)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailbox", "url", "sender", "username", "version"], name="route_once")
        ]

    def __str__(self) -> str:
        return f"{self.sender} → {self.url}"


class Attempt(models.Model):
    """One try to send one message: what was intended, marked, and answered. Written in that order, each committed."""

    tenant = "message__campaign__organisation"

    message = models.ForeignKey(Message, models.PROTECT, related_name="attempts", db_index=False)
    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="+", db_index=False)
    route = models.ForeignKey(Route, models.PROTECT, null=True, related_name="+", db_index=False)
    n = models.PositiveSmallIntegerField(_("attempt"))
    ref = models.CharField(_("reference"), max_length=16, unique=True)
    fence = models.PositiveBigIntegerField()
    phase = models.CharField(_("phase"), max_length=10, choices=Phase.choices, default=Phase.INTENT)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices, null=True)
    leased_until = models.DateTimeField()
    claimed_at = models.DateTimeField(_("claimed"))
    marked_at = models.DateTimeField(_("on the wire"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    code = models.CharField(_("code"), max_length=18, blank=True, default="")
    answer_status = models.PositiveSmallIntegerField(_("answer"), null=True)
    answer = models.TextField(_("the provider's words"), blank=True, default="")

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering: ClassVar = ["message", "n"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "n"], name="attempt_number_once"),
            models.UniqueConstraint(fields=["message"], condition=LIVE, name="attempt_one_alive"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["leased_until"], name="attempt_under_way", condition=Q(outcome__isnull=True)),
            models.Index(fields=["mailbox", "code"], name="attempt_mailbox_code", condition=~Q(code="")),
            models.Index(fields=["ended_at", "id"], name="attempt_in_doubt", condition=Q(outcome="uncertain")),
        ]

    def __str__(self) -> str:
        return self.ref


class Answer(models.Model):
    """What the provider answered to an attempt where it did not plainly take it, as it came. Append only.

    `body` is without secrets and at most 64 KiB; what is no UTF-8, and NUL, stands in it as U+FFFD.
    """

    tenant = "attempt__message__campaign__organisation"

    attempt = models.ForeignKey(Attempt, models.PROTECT, related_name="answers")
    at = models.DateTimeField(_("when"))
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    body = models.TextField(_("as it came"))
    sha256 = models.CharField("SHA-256", max_length=64)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer as it came")
        verbose_name_plural = _("answers as they came")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["attempt", "sha256"], name="answer_once")]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.status}"


class Reservation(models.Model):
    """A share of the mailbox's allowance, taken with the claim; given back only on proof that nothing was sent."""

    tenant = "mailbox__organisation"

    attempt = models.OneToOneField(Attempt, models.PROTECT, primary_key=True, related_name="reservation")
    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(_("when"))
    units = models.PositiveSmallIntegerField(_("recipients"), default=1)
    released = models.BooleanField(_("given back"), default=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        indexes: ClassVar = [
            models.Index(fields=["mailbox", "at"], name="reservation_held", condition=Q(released=False))
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.units}"
