"""Papers of a mailbox: the form that the vendor gave, and what was handed in. Bytes are kept sealed."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mailboxes import objections
from mailboxes.models.mailbox import Mailbox
from pecportal.permissions import TenantQuerySet
from pecportal.statemachine import State, moves


class PaperKind(models.TextChoices):
    """What a paper is."""

    FORM = "modulo", _("Activation form")
    SIGNED_FORM = "signed_form", _("Signed activation form")
    IDENTITY = "identity", _("Identity document")
    HANDED_IN = "handed_in", _("What the provider gets")


@moves(
    {
        "waiting": ("sending",),
        "sending": ("waiting", "taken", "refused", "uncertain"),
        "uncertain": ("taken", "waiting"),
    }
)
class HandInState(State):
    """Our doing with one hand-in."""

    WAITING = "waiting", _("To be handed in")
    SENDING = "sending", _("Being handed in")
    TAKEN = "taken", _("Taken by the provider")
    REFUSED = "refused", _("Refused by the provider")
    UNCERTAIN = "uncertain", _("Outcome unknown")


ON_ITS_WAY = (HandInState.WAITING, HandInState.SENDING, HandInState.UNCERTAIN)


class HandIn(models.Model):
    """Signed form and identity document, handed in together."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="hand_ins")
    state = models.CharField(_("state"), max_length=20, choices=HandInState.choices, default=HandInState.WAITING)
    state_since = models.DateTimeField(_("since"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    at = models.DateTimeField(_("when"))
    problem_code = models.CharField(_("what stopped it"), max_length=20, blank=True)
    problem = models.TextField(_("the provider's words"), blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-in")
        verbose_name_plural = _("hand-ins")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.mailbox_id}: {self.at:%d/%m/%Y %H:%M}"

    @property
    def is_on_its_way(self) -> bool:
        """Whether it is not known yet what becomes of it."""
        return self.state in ON_ITS_WAY

    @property
    def objection(self) -> str:
        """What the vendor has against it, as a sentence; "" for nothing."""
        return objections.sentence(self.problem_code, self.problem)


class Paper(models.Model):
    """One file, sealed under a random name. It is shown to nobody through the admin."""

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="papers")
    hand_in = models.ForeignKey(HandIn, models.PROTECT, null=True, related_name="papers")
    kind = models.CharField(_("kind"), max_length=20, choices=PaperKind.choices)
    name = models.CharField(_("name"), max_length=150)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=200, unique=True)
    added_at = models.DateTimeField(_("added"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailbox"], condition=models.Q(kind=PaperKind.FORM), name="paper_one_form"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
