"""Papers of a mailbox: the form that the vendor gave, what is gathered, what was handed in. Bytes are kept sealed."""

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mailboxes import objections
from mailboxes.models.mailbox import Mailbox
from pecportal import clock
from pecportal.permissions import Power, TenantQuerySet
from pecportal.statemachine import State, moves

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from pecportal.organisations.models import User


class PaperKind(models.TextChoices):
    """What a paper is."""

    FORM = "modulo", _("Activation form")
    SIGNED_FORM = "signed_form", _("Signed activation form")
    IDENTITY = "identity", _("Identity document")
    HANDED_IN = "handed_in", _("What the provider gets")


GATHERED = (PaperKind.SIGNED_FORM, PaperKind.IDENTITY)  # what a person uploads
OPEN = (PaperKind.FORM, PaperKind.SIGNED_FORM)  # what every keeper of mailboxes may see


class Format(models.TextChoices):
    """What a file is, by its own first bytes."""

    PDF = "pdf", "PDF"
    JPEG = "jpeg", "JPEG"
    PNG = "png", "PNG"
    HEIC = "heic", "HEIC"
    P7M = "p7m", "P7M"


class Erasure(models.TextChoices):
    """Why a paper's bytes are no longer kept."""

    REPLACED = "replaced", _("Replaced or taken back before it was handed in")
    ABANDONED = "abandoned", _("Never handed in")
    ACTIVE = "active", _("The mailbox is active: no longer needed")
    CANCELLED = "cancelled", _("The registration came to nothing")


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
        return f"{self.mailbox_id}: {clock.shown(self.at)}"

    @property
    def is_on_its_way(self) -> bool:
        """Whether it is not known yet what becomes of it."""
        return self.state in ON_ITS_WAY

    @property
    def objection(self) -> str:
        """What the vendor has against it, as a sentence; "" for nothing."""
        return objections.sentence(self.problem_code, self.problem)


class PaperQuerySet(TenantQuerySet["Paper"]):
    """Papers, which not everybody may see."""

    def readable_by(self, user: "User | AnonymousUser") -> Self:
        """Those whose contents `user` may see: forms with the power to register, and what shows an identity document
        for who gave it and for administrators.

        An operator is not among them: a door for emergencies, with a reason and an end, would add its rows here.
        """
        keepers = self.visible_to(user, Power.REGISTER)
        if not user.is_authenticated:
            return keepers
        trusted = self.visible_to(user, Power.IDENTITY)
        return keepers.filter(Q(kind__in=OPEN) | Q(by=user) | Q(pk__in=trusted.values("pk")))

    def gathered(self, mailbox: Mailbox) -> Self:
        """The papers that a person has uploaded for the next hand-in."""
        return self.filter(_GATHERED, mailbox=mailbox)

    def next_bundles(self, mailbox: Mailbox) -> Self:
        """The files that were made of them, in their order."""
        return self.filter(_IN_HAND, mailbox=mailbox, kind=PaperKind.HANDED_IN).order_by("pk")

    def kept(self) -> Self:
        """Those whose bytes are there."""
        return self.filter(erased_at=None, erase_because="")

    def forgotten(self, mailbox: Mailbox) -> Self:
        """Papers that were uploaded, never handed in, and erased because of it."""
        return self.filter(mailbox=mailbox, hand_in=None, erase_because=Erasure.ABANDONED).exclude(erased_at=None)

    def to_erase(self) -> Self:
        """Those that were given up, and whose bytes may still be there."""
        return self.filter(erased_at=None).exclude(erase_because="")


_IN_HAND = Q(hand_in__isnull=True, erase_because="", erased_at__isnull=True)
_GATHERED = _IN_HAND & Q(kind__in=[kind.value for kind in GATHERED])


class Paper(models.Model):
    """One file, sealed under a random name; once its bytes are erased, the fact and the hash of it.

    `facts` are an `Examination` as JSON; `by` gave it (of a bundle: gave the identity document in it). It is shown to
    nobody through the admin.
    """

    tenant = "mailbox__organisation"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="papers")
    hand_in = models.ForeignKey(HandIn, models.PROTECT, null=True, related_name="papers")
    kind = models.CharField(_("kind"), max_length=20, choices=PaperKind.choices)
    format = models.CharField(_("format"), max_length=10, choices=Format.choices, blank=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    facts = models.JSONField(_("what was found"), default=dict, blank=True)
    stored_as = models.CharField(max_length=200, unique=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    added_at = models.DateTimeField(_("added"))
    erase_because = models.CharField(_("why it is erased"), max_length=20, choices=Erasure.choices, blank=True)
    erased_at = models.DateTimeField(_("erased"), null=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailbox"], condition=Q(kind=PaperKind.FORM), name="paper_one_form"),
            models.UniqueConstraint(fields=["mailbox", "kind"], condition=_GATHERED, name="paper_one_gathered"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def is_erased(self) -> bool:
        """Whether its bytes are gone, or are to be gone."""
        return bool(self.erased_at or self.erase_because)


class PagePicture(models.Model):
    """A small picture of one page of a signed form, made anew by us; sealed as the paper is. Pages count from 1."""

    tenant = "paper__mailbox__organisation"

    paper = models.ForeignKey(Paper, models.CASCADE, related_name="pictures")
    page = models.PositiveSmallIntegerField(_("page"))
    stored_as = models.CharField(max_length=200, unique=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("picture of a page")
        verbose_name_plural = _("pictures of pages")
        ordering: ClassVar = ["page"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["paper", "page"], name="picture_once"),
        ]

    def __str__(self) -> str:
        return f"{self.paper_id}/{self.page}"
