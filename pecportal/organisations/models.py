"""Organisations, the people who sign in, and what each is where."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pecportal.permissions import WHOLE, Role, TenantQuerySet


class UserManager(BaseUserManager["User"]):
    """People are found by e-mail address, whatever its case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a new person; without a password nobody can sign in as them."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a new operator with every power in the console."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find who signs in."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractUser):
    """A person; the e-mail address is the log-in name. Or a program of an organisation, which never signs in."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    is_program = models.BooleanField(_("program"), default=False, editable=False)
    session_round = models.PositiveIntegerField(default=0, editable=False)  # one more ends every session

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(
                condition=models.Q(is_program=False) | models.Q(is_staff=False, is_superuser=False),
                name="user_program_no_operator",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """What a session is bound to: a new password ends it, and so does a new round."""
        value = f"{self.password}:{self.session_round}"
        return salted_hmac("pecportal.session", value, secret=secret, algorithm="sha256").hexdigest()


class Environment(models.TextChoices):
    """Which of the vendor's systems an account is for."""

    SANDBOX = "sandbox", _("Simulated provider")
    TEST = "test", _("The provider's test environment")
    PRODUCTION = "production", _("The provider's real environment")


class PaceOf(models.TextChoices):
    """Whose requests a pace limits: a plan's, or an account's."""

    MAILBOX = "mailbox", _("Each mailbox alone")
    ACCOUNT = "account", _("All mailboxes of the account together")


class VendorAccount(models.Model):
    """An account at the vendor. The one that is the default takes the place of the environment's settings.

    The key is sealed and never shown. Addresses are the installation's alone: no row can send a key elsewhere.
    `credit` is what the vendor last said is in its wallet, in euros.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    environment = models.CharField(_("environment"), max_length=20, choices=Environment.choices)
    email = models.EmailField(_("e-mail address"), max_length=254)
    key_sealed = models.TextField(blank=True, editable=False)
    is_default = models.BooleanField(
        _("default"),
        default=False,
        help_text=_("It is used wherever no other is given."),
    )
    rate = models.FloatField(
        _("requests a second"),
        null=True,
        blank=True,
        help_text=_("As many sends as the provider permits. Empty: what the installation's settings say. 0: no limit."),
    )
    pace_of = models.CharField(
        _("they are counted for"),
        max_length=10,
        choices=PaceOf.choices,
        default=PaceOf.MAILBOX,
        help_text=_("A plan may be slower, or make its mailboxes share one pace, but never be faster."),
    )
    credit = models.DecimalField(_("credit (euros)"), max_digits=14, decimal_places=4, null=True, editable=False)
    credit_at = models.DateTimeField(_("credit read"), null=True, editable=False)
    credit_problem = models.CharField(_("why it could not be read"), max_length=500, blank=True, editable=False)
    alarm_below = models.DecimalField(
        _("alarm below (euros)"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("When the credit falls below this, the operators get an e-mail. Empty: no alarm."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("account at the provider")
        verbose_name_plural = _("accounts at the provider")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="vendor_account_one_default"
            ),
            models.CheckConstraint(
                condition=models.Q(environment__in=Environment.values), name="vendor_account_environment_known"
            ),
            models.CheckConstraint(condition=models.Q(pace_of__in=PaceOf.values), name="vendor_account_pace_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a pace below nothing: sending would stop on it."""
        if self.rate is not None and not 0 <= self.rate < float("inf"):
            raise ValidationError({"rate": gettext("The pace cannot be less than 0.")})

    @property
    def shares_pace(self) -> bool:
        """Whether its pace is that of all its mailboxes together."""
        return self.pace_of == PaceOf.ACCOUNT

    @property
    def why_not_here(self) -> str:
        """Why this installation does not use it, as a sentence; "" when it does."""
        if self.environment == settings.OPENAPI_ENV:
            return ""
        return gettext(
            "The account at the provider that this belongs to is for another environment than the portal: nothing is "
            "asked of the provider. Please tell whoever looks after the portal."
        )

    @property
    def is_low(self) -> bool:
        """Whether its credit, as it was read last, is below what its alarm says."""
        return self.credit is not None and self.alarm_below is not None and self.credit < self.alarm_below


class VendorAnswer(models.Model):
    """What one of the vendor's APIs said when an account was last tested."""

    account = models.ForeignKey(VendorAccount, models.CASCADE, related_name="answers")
    api = models.CharField(_("API"), max_length=20)
    is_good = models.BooleanField(_("works"))
    words = models.TextField(_("the provider's words"), blank=True)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("last answer")
        verbose_name_plural = _("last answers")
        ordering: ClassVar = ["api"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "api"], name="vendor_answer_one_each")]

    def __str__(self) -> str:
        return self.api


class FourEyes(models.TextChoices):
    """Which campaigns a second person has to approve."""

    NEVER = "never", _("None")
    ALWAYS = "always", _("All")
    ABOVE = "above", _("Those with many recipients")


class Organisation(models.Model):
    """An office or company; whatever is sent or received belongs to exactly one."""

    tenant = "pk"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200, unique=True)
    two_decide = models.BooleanField(
        _("two people decide on messages in doubt"),
        default=False,
        help_text=_("A second person has to confirm what is done with a message whose outcome is unknown."),
    )
    two_order = models.BooleanField(
        _("two people renew and revoke mailboxes"),
        default=False,
        help_text=_("A second person has to confirm what pays for a mailbox, or ends it."),
    )
    four_eyes = models.CharField(
        _("campaigns that an approver has to approve"),
        max_length=10,
        choices=FourEyes.choices,
        default=FourEyes.NEVER,
        help_text=_("Nobody approves a campaign of their own."),
    )
    four_eyes_above = models.PositiveIntegerField(
        _("recipients above which they are many"),
        default=1000,
        help_text=_("Campaigns with more recipients have to be approved."),
    )
    two_approve_above = models.PositiveIntegerField(
        _("recipients above which two have to approve"),
        null=True,
        blank=True,
        help_text=_("Empty: one approver is always enough."),
    )
    programs_daily_limit = models.PositiveIntegerField(
        _("recipients a day to whom programs send without an approver"),
        default=0,
        help_text=_("0: a person has to approve each campaign of a program."),
    )
    second_factor = models.BooleanField(
        _("members need a second factor"),
        default=False,
        help_text=_("An authenticator app, or a passkey. Who has none sets one up at the next log-in."),
    )
    vendor_account = models.ForeignKey(
        VendorAccount,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="organisations",
        verbose_name=_("account at the provider"),
        help_text=_(
            "For all that is asked of the provider for it and its mailboxes, sending included. Empty: the default one. "
            "Mailboxes that stay with another account have it set on their own page first."
        ),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One role of one person in one organisation; a person may have several roles."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("person"))
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="memberships", verbose_name=_("organisation")
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    is_limited = models.BooleanField(_("for some mailboxes only"), default=False)
    mailboxes = models.ManyToManyField(
        "mailboxes.Mailbox", blank=True, related_name="+", verbose_name=_("mailboxes it is limited to")
    )
    since = models.DateTimeField(_("since"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "organisation", "role"], name="membership_role_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
            models.CheckConstraint(
                condition=models.Q(is_limited=False) | ~models.Q(role__in=sorted(WHOLE)),
                name="membership_administrator_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}, {self.organisation}"


class Invitation(models.Model):
    """A person asked to become a member. The link that they get holds `nonce`, signed; a new link ends the old one."""

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="invitations", verbose_name=_("organisation")
    )
    email = models.EmailField(_("e-mail address"))
    roles = models.JSONField(_("roles"), default=list)
    is_limited = models.BooleanField(_("for some mailboxes only"), default=False)
    mailboxes = models.ManyToManyField(
        "mailboxes.Mailbox", blank=True, related_name="+", verbose_name=_("mailboxes it is limited to")
    )
    nonce = models.CharField(max_length=43, editable=False)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("invited by"))
    invited_at = models.DateTimeField(_("invited"))
    expires_at = models.DateTimeField(_("valid until"))
    sent_at = models.DateTimeField(_("letter sent"), null=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("accepted by"))
    revoked_at = models.DateTimeField(_("taken back"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                "organisation",
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        """Whether it waits for its answer, in time or not."""
        return self.accepted_at is None and self.revoked_at is None

    @property
    def role_labels(self) -> list[str]:
        """The roles that it gives, in words."""
        return [str(Role(role).label) for role in self.roles]


class BrokenGlass(models.Model):
    """An operator's access to contents in an emergency: for an hour, with a reason, told to the organisation."""

    operator = models.ForeignKey(User, models.PROTECT, related_name="glasses", verbose_name=_("operator"))
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="glasses", verbose_name=_("organisation")
    )
    reason = models.CharField(_("reason"), max_length=500)
    at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    closed_at = models.DateTimeField(_("ended early"), null=True)
    told_at = models.DateTimeField(_("administrators told"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("emergency access")
        verbose_name_plural = _("emergency accesses")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.operator}, {self.organisation}"
