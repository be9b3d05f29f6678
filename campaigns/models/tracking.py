"""What comes back: receipts, the scans of the inbox that found them; and the lanes that messages leave by."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.message import Attempt, Message
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.permissions import TenantQuerySet


class Desk(models.TextChoices):
    """What a person did with an item that no rule could give to a message; it can be undone."""

    NONE = "", ""
    LINKED = "linked", _("Given to a message")
    IGNORED = "ignored", _("Put aside")


class Receipt(models.Model):
    """One item of a mailbox's inbox, kept as it came. Append only; links to a message are the only later change."""

    tenant = "mailbox__organisation"
    maker = "message__campaign__created_by"  # what belongs to no message is the office's desk's

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="receipts", db_index=False)
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="receipts")
    attempt = models.ForeignKey(Attempt, models.PROTECT, null=True, related_name="receipts")
    identity = models.CharField(max_length=64)
    kind = models.CharField(_("kind"), max_length=30)
    sender = models.CharField(_("sender"), max_length=500)
    subject = models.CharField(_("subject"), max_length=1000)
    date_text = models.CharField(_("date as written"), max_length=100)
    at = models.DateTimeField(_("when"), null=True)
    is_final = models.BooleanField(null=True)
    is_certified = models.BooleanField(null=True)
    cause = models.CharField(_("cause"), max_length=30, blank=True)
    reason = models.CharField(_("reason"), max_length=1000, blank=True)
    body = models.TextField(_("text"), blank=True)
    raw = models.TextField(_("as the provider gave it"))
    item_id = models.CharField(max_length=100, blank=True)
    problem = models.CharField(_("why it is unmatched"), max_length=40, blank=True)
    seen_at = models.DateTimeField(_("read"))
    desk = models.CharField(_("what a person did"), max_length=10, choices=Desk.choices, blank=True, default="")
    desk_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    desk_at = models.DateTimeField(_("when a person did it"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailbox", "identity"], name="receipt_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mailbox", "id"], name="receipt_on_desk", condition=Q(message__isnull=True, desk="")),
            models.Index(fields=["kind", "message"], name="receipt_kind_message"),
            models.Index(
                fields=["id"], name="receipt_open", condition=Q(message__isnull=True, desk="") & ~Q(problem="")
            ),
            models.Index(fields=["desk", "id"], name="receipt_dealt_with", condition=~Q(desk="")),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class BrokenItem(models.Model):
    """An item of an inbox that cannot be read: asked for again at each walk, in nobody's way."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=64)
    item_id = models.CharField(_("the provider's id"), max_length=100, blank=True)
    subject = models.CharField(_("subject"), max_length=1000, blank=True)
    date_text = models.CharField(_("date as written"), max_length=100, blank=True)
    problem = models.CharField(_("what is wrong"), max_length=300)
    raw = models.TextField(_("as the provider gave it"), blank=True)
    first_seen_at = models.DateTimeField(_("first seen"))
    seen_at = models.DateTimeField(_("last seen"))
    times = models.PositiveIntegerField(_("times seen"), default=1)
    solved_at = models.DateTimeField(_("readable since"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("unreadable item")
        verbose_name_plural = _("unreadable items")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["mailbox", "key"], name="broken_item_once")]

    def __str__(self) -> str:
        return self.key[:12]


class Baton(models.Model):
    """The right to do one kind of work alone, lent for a while; who dies with it loses it by the clock."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=64, blank=True)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("baton")
        verbose_name_plural = _("batons")

    def __str__(self) -> str:
        return self.name


class InboxScan(models.Model):
    """One walk through a mailbox's inbox: how far it came, and whether it saw everything."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="scans")
    full = models.BooleanField(_("whole inbox"), default=False)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    complete = models.BooleanField(_("complete"), default=False)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    items = models.PositiveIntegerField(_("items"), default=0)
    total = models.PositiveIntegerField(_("items that the provider counts"), null=True)
    new = models.PositiveIntegerField(_("new"), default=0)
    broken = models.PositiveIntegerField(_("unreadable"), default=0)
    problem = models.CharField(_("what stopped it"), max_length=300, blank=True)

    reached = False  # whether it came to where it was to stop

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("scan of an inbox")
        verbose_name_plural = _("scans of inboxes")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.mailbox}: {clock.shown(self.started_at)}"


class InboxWatch(models.Model):
    """Who reads a mailbox's inbox just now, and when it was read last."""

    tenant = "mailbox__organisation"

    mailbox = models.OneToOneField(Mailbox, models.PROTECT, primary_key=True, related_name="watch")
    holder = models.CharField(max_length=64, blank=True)
    leased_until = models.DateTimeField(null=True)
    read_at = models.DateTimeField(_("last reading"), null=True)
    full_at = models.DateTimeField(_("last whole reading"), null=True)
    deep_at = models.DateTimeField(_("last reading past the overlap"), null=True)
    first_page = models.PositiveSmallIntegerField(null=True)
    is_large = models.BooleanField(_("too large to be read between others"), default=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("watch on an inbox")
        verbose_name_plural = _("watches on inboxes")

    def __str__(self) -> str:
        return str(self.mailbox)


class Hold(models.TextChoices):
    """Why a lane stands still by itself: that sending is off, or its mailbox may not send, their own rows say."""

    NONE = "", ""
    CREDENTIALS = "credentials", _("The mailbox's credentials are refused")
    ACCOUNT = "account", _("The portal's account at the provider is refused")
    WALLET = "wallet", _("The vendor's wallet is empty")
    RATE = "rate", _("The provider asked to wait")
    VENDOR = "vendor", _("The provider does not answer as it should")
    CAP = "cap", _("The allowance of messages is used up")


class SendingLane(models.Model):
    """The way out of one mailbox: which pump holds it, when the next message may leave, and what holds it up."""

    tenant = "mailbox__organisation"

    mailbox = models.OneToOneField(Mailbox, models.PROTECT, primary_key=True, related_name="lane")
    holder = models.CharField(max_length=64, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    next_slot_at = models.DateTimeField(_("next slot"), null=True)
    breaker_level = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    held_until = models.DateTimeField(_("held until"), null=True)
    hold = models.CharField(_("held because"), max_length=20, choices=Hold.choices, blank=True, default="")
    hold_words = models.CharField(_("the provider's words"), max_length=500, blank=True, default="")

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("sending lane")
        verbose_name_plural = _("sending lanes")

    def __str__(self) -> str:
        return str(self.mailbox)

    @property
    def is_stuck(self) -> bool:
        """Whether what holds it up lasts until somebody does something about it."""
        return self.hold in (Hold.CREDENTIALS, Hold.ACCOUNT, Hold.WALLET)


class LivePump(models.Model):
    """A pump that runs just now, on some host: the lanes are shared out among them."""

    holder = models.CharField(max_length=64, primary_key=True)
    host = models.CharField(_("host"), max_length=255)
    leased_until = models.DateTimeField(_("counts until"))

    class Meta:
        verbose_name = _("running pump")
        verbose_name_plural = _("running pumps")

    def __str__(self) -> str:
        return f"{self.host}: {self.holder}"
