"""Who moved a campaign from state to state, when, and why."""

from collections.abc import Iterable
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.states import Standing
from pecportal import clock, told
from pecportal.organisations.models import User
from pecportal.permissions import TenantQuerySet


class StateChange(models.Model):
    """One change of a campaign's state. Append only; without a person the campaign moved by itself."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey("campaigns.Campaign", models.CASCADE, related_name="history")
    state = models.CharField(_("state"), max_length=20, choices=Standing.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    at = models.DateTimeField(_("when"))
    reason = told.SentenceField(_("reason"), blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.state}"


def note(campaign_ids: Iterable[int], state: str, *, by: User | None = None, reason: str = "") -> None:
    """Add a row to the history of each of these campaigns, in the caller's transaction."""
    now = clock.now()
    StateChange.objects.bulk_create(
        StateChange(campaign_id=pk, state=state, by=by, at=now, reason=reason) for pk in campaign_ids
    )
