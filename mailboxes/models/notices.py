"""Letters to clerks: each is written down once, in the transaction that makes it due, and sent afterwards."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from mailboxes.models.mailbox import Mailbox
from pecportal.permissions import TenantQuerySet


class NoticeKind(models.TextChoices):
    """What a clerk is told by e-mail."""

    OBJECTION = "objection", _("The provider did not register the mailbox")
    DOUBT = "doubt", _("A registration has to be decided on")
    FORM = "form", _("The activation form is to be signed")
    DOCUMENTS = "documents", _("The documents were not accepted")
    HAND_IN_DOUBT = "hand_in_doubt", _("A hand-in of documents has to be decided on")
    ACTIVE = "active", _("The mailbox is active: user name and password are to be entered")
    CREDENTIALS = "credentials", _("The user name and the password are refused")
    ENDED = "ended", _("The mailbox has ended")
    EXPIRY = "expiry", _("The mailbox expires")
    CONFIRM = "confirm", _("An order has to be confirmed")
    ORDER_DONE = "order_done", _("An order was carried out")
    ORDER_NOT_DONE = "order_not_done", _("An order was not carried out")
    ORDER_DOUBT = "order_doubt", _("The outcome of an order is not known")
    ASKED_DOUBTS = "asked_doubts", _("Messages in doubt have to be decided on")
    ASKED_DESK = "asked_desk", _("Receipts without a message have to be looked at")
    ASKED_UNREAD = "asked_unread", _("Items of the inbox cannot be read")


class Notice(models.Model):
    """One letter. `key` tells one occasion from another of the same kind, `days` is what an expiry has left."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="notices", verbose_name=_("mailbox"))
    kind = models.CharField(_("what about"), max_length=20, choices=NoticeKind.choices)
    key = models.CharField(_("occasion"), max_length=60)
    days = models.PositiveSmallIntegerField(_("days left"), null=True)
    at = models.DateTimeField(_("due"))
    tried_at = models.DateTimeField(_("last tried"), null=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    recipients = models.PositiveSmallIntegerField(_("recipients"), default=0)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter to clerks")
        verbose_name_plural = _("letters to clerks")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["mailbox", "kind", "key"], name="notice_once")]

    def __str__(self) -> str:
        return str(self.get_kind_display())
