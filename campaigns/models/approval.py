"""What speaks for a start: the sheet of the check, the submission of one for approval, and who approved it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.states import SheetState, SubmissionState
from pecportal import told
from pecportal.permissions import TenantQuerySet

PERSON = settings.AUTH_USER_MODEL


class Sheet(models.Model):
    """The check before sending: every row put together once, and what was found. Never changed once it is made.

    `sha256` is over the list, the text, the files and the settings: whoever approves or starts names it. `facts` are
    told in the installation's language.
    """

    tenant = "campaign__organisation"

    campaign = models.ForeignKey("campaigns.Campaign", models.CASCADE, related_name="sheets")
    state = models.CharField(_("state"), max_length=20, choices=SheetState.choices, default=SheetState.MAKING)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    asked_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    asked_at = models.DateTimeField(_("asked for"))
    seen_at = models.DateTimeField(default=timezone.now)  # when the job was last heard of, in real time
    rows_total = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(_("rows put together"), default=0)
    fingerprint = models.CharField(max_length=64, blank=True)
    content_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    is_clean = models.BooleanField(_("nothing speaks against a start"), default=False)
    facts = models.JSONField(_("what was found"), default=dict)
    problem = told.SentenceField(_("why there is none"), blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("check before sending")
        verbose_name_plural = _("checks before sending")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign"], condition=Q(state="making"), name="sheet_one_in_the_making")
        ]

    def __str__(self) -> str:
        return self.sha256[:12] or str(self.pk)

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("campaigns:sheet", args=[self.campaign_id, self.pk])


class Submission(models.Model):
    """A sheet that somebody handed in for approval; it is open, approved, rejected, or void."""

    tenant = "campaign__organisation"

    campaign = models.ForeignKey("campaigns.Campaign", models.CASCADE, related_name="submissions")
    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="submissions")
    sha256 = models.CharField("SHA-256", max_length=64)
    state = models.CharField(_("state"), max_length=20, choices=SubmissionState.choices, default=SubmissionState.OPEN)
    state_since = models.DateTimeField(_("since"), default=timezone.now)
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("handed in by"))
    at = models.DateTimeField(_("handed in"))
    closed_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("closed by"))
    reason = models.TextField(_("reason"), blank=True)
    asked_told_at = models.DateTimeField(null=True)  # when the approvers were written to
    end_told_at = models.DateTimeField(null=True)  # when the preparer was

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("submission for approval")
        verbose_name_plural = _("submissions for approval")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(state__in=["open", "approved"]), name="submission_one_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.state}"


class Approval(models.Model):
    """One person's word that a submitted sheet may be sent. Append only."""

    tenant = "submission__campaign__organisation"

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="approvals")
    sha256 = models.CharField("SHA-256", max_length=64)
    by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("approved by"))
    at = models.DateTimeField(_("approved"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["submission", "by"], name="approval_once")]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.sha256[:12]}"
