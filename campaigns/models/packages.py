"""A campaign's evidence as one file, made on order and kept for some days."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaign import Campaign
from pecportal.permissions import TenantQuerySet
from pecportal.statemachine import State, moves


@moves({"waiting": ("making", "failed"), "making": ("waiting", "made"), "made": ("gone",)})
class PackageState(State):
    """How far a package is; one whose job was lost waits again, and has failed after some tries."""

    WAITING = "waiting", _("Waiting to be made")
    MAKING = "making", _("Being made")
    MADE = "made", _("Made")
    FAILED = "failed", _("Could not be made")
    GONE = "gone", _("Removed, since it was old")


UNDER_WAY = (PackageState.WAITING, PackageState.MAKING)


class Package(models.Model):
    """A ZIP with a campaign's messages, attempts and receipts as they were when it was made; `done` messages of it.

    `tries` counts the jobs that began it: only the last of them may go on.
    """

    tenant = "campaign__organisation"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="packages")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("ordered by"))
    at = models.DateTimeField(_("ordered"), default=timezone.now)
    state = models.CharField(_("state"), max_length=20, choices=PackageState.choices, default=PackageState.WAITING)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    alive_at = models.DateTimeField(_("last sign of life"), default=timezone.now)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    done = models.PositiveIntegerField(_("messages done"), default=0)
    total = models.PositiveIntegerField(_("messages"), default=0)
    stored_as = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("package of evidence")
        verbose_name_plural = _("packages of evidence")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign"],
                condition=models.Q(state__in=["waiting", "making"]),
                name="package_one_in_the_making",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["state", "alive_at"], name="package_state")]

    def __str__(self) -> str:
        return self.sha256[:12] or str(self.pk)
