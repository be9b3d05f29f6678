"""The operators' view of organisations and people."""

from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from pecportal.admin import ReadOnlyAdmin
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations import accounts, current, glass, members, rules
from pecportal.organisations.models import (
    BrokenGlass,
    Invitation,
    Membership,
    Organisation,
    User,
    VendorAccount,
    VendorAnswer,
)
from pecportal.signin import sessions, stepup

JOURNALED = ("name", *rules.FIELDS, "vendor_account")  # what of an organisation the journal follows
PERSON = ("first_name", "last_name", "is_active", "is_staff")

admin.site.unregister(Group)


class MembershipInline(admin.TabularInline[Membership, Organisation]):
    """The people of an organisation, with their roles; its administrators see to them in the portal."""

    model = Membership
    extra = 0
    can_delete = False
    fields = readonly_fields = ("user", "role", "is_limited", "since")

    def has_add_permission(self, request: HttpRequest, obj: Organisation | None = None) -> bool:
        """Members are invited."""
        return False


class OrganisationForm(forms.ModelForm[Organisation]):
    """An organisation, and whom to invite as its first administrator."""

    first_administrator = forms.EmailField(
        label=_("invite as administrator"),
        required=False,
        max_length=254,
        help_text=_("This person gets an e-mail with a link, and invites the others. Only while there is none."),
    )

    class Meta:
        model = Organisation
        fields = (
            *("name", "two_decide", "two_order", "four_eyes", "four_eyes_above", "two_approve_above"),
            *("second_factor", "programs_daily_limit", "vendor_account"),
        )

    def clean_first_administrator(self) -> str:
        """Whoever administers it already invites the others."""
        email = str(self.cleaned_data["first_administrator"])
        if email and self.instance.pk and members.has_administrator(self.instance):
            raise forms.ValidationError(gettext("The organisation has an administrator, who invites its members."))
        return email


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin[Organisation]):
    """Organisations and their members."""

    form = OrganisationForm
    list_display = ("name", "created_at")
    search_fields = ("name",)
    readonly_fields = ("public_id", "created_at")
    inlines = (MembershipInline,)
    fields = (*OrganisationForm.Meta.fields, "first_administrator", "public_id", "created_at")

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """Kept, with what was changed in the journal, old and new; its first administrator is invited if named."""
        with transaction.atomic():
            before = Organisation.objects.select_for_update().filter(pk=obj.pk).values(*JOURNALED).first() or {}
            super().save_model(request, obj, form, change)
            after = Organisation.objects.values(*JOURNALED).get(pk=obj.pk)
            if changed := rules.changes(before or dict.fromkeys(JOURNALED), after):
                old, new = rules.sides(changed)
                who = _operator(request)
                record(rules.SAVED, actor=who, organisation=obj, target=obj, before=old, after=new, **changed)
        if email := form.cleaned_data.get("first_administrator"):
            self._invite(request, obj, email)

    def _invite(self, request: HttpRequest, obj: Organisation, email: str) -> None:
        try:
            members.invite_first(obj, email, actor=_operator(request))
        except Refusal as exc:
            self.message_user(request, str(exc), messages.ERROR)
        else:
            self.message_user(request, gettext("The invitation is being sent."), messages.SUCCESS)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin[Membership]):
    """Who is what, where."""

    list_display = ("user", "organisation", "role", "is_limited", "since")
    list_filter = ("role",)
    list_select_related = ("user", "organisation")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin[Invitation]):
    """Who was invited, and what became of it."""

    list_display = ("email", "organisation", "invited_by", "invited_at", "sent_at", "accepted_at", "revoked_at")
    list_select_related = ("organisation", "invited_by")
    exclude = ("nonce",)


class GlassForm(forms.ModelForm[BrokenGlass]):
    """Whose contents an operator has to read, and why."""

    class Meta:
        model = BrokenGlass
        fields = ("organisation", "reason")
        widgets: ClassVar = {"reason": forms.Textarea(attrs={"rows": 3})}

    def clean_reason(self) -> str:
        """A sentence: the organisation's administrators read it."""
        reason = str(self.cleaned_data["reason"]).strip()
        if len(reason) < glass.SHORTEST:
            raise forms.ValidationError(
                gettext("Say why in a sentence: the organisation's administrators will read it.")
            )
        return reason


@admin.register(BrokenGlass)
class BrokenGlassAdmin(ReadOnlyAdmin[BrokenGlass]):
    """Emergency access to contents: an hour, with a reason, told to the organisation; every page is in the journal."""

    form = GlassForm
    list_display = ("organisation", "operator", "reason", "at", "ends_at", "closed_at", "told_at")
    list_select_related = ("organisation", "operator")
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Every operator who may look at organisations may, in an emergency."""
        return request.user.has_perm("organisations.view_organisation")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Only for somebody who showed lately who they are."""
        return cast(HttpResponse, stepup.required(super().add_view)(request, form_url, extra_context))

    def save_model(self, request: HttpRequest, obj: BrokenGlass, form: Any, change: bool) -> None:
        """Through the work function, which records it and has the administrators told."""
        made = glass.smash(obj.organisation, reason=obj.reason, actor=_operator(request))
        obj.pk, obj.at, obj.ends_at, obj.operator = made.pk, made.at, made.ends_at, made.operator
        obj._state.adding = False
        current.choose(request, obj.organisation)

    @admin.action(description=_("End the access now"), permissions=["view"])
    def end(self, request: HttpRequest, queryset: QuerySet[BrokenGlass]) -> None:
        """End the chosen ones before their time."""
        for row in queryset.select_related("organisation"):
            glass.close(row, actor=_operator(request))


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """People; the e-mail address is the log-in.

    An operator takes nobody's place: passwords are reset by the person's own e-mail, whose address stays; superusers
    are made by command only.
    """

    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_program")
    search_fields = ("email", "first_name", "last_name")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email",)}),
        (_("Personal info"), {"fields": ("first_name", "last_name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "password1", "password2")}),)
    actions = ("end_sessions",)

    @admin.action(description=_("End all sessions"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Log the chosen people out, in every browser; they may come in again. Who asks for it stays in this one."""
        people = list(queryset)
        for person in people:
            with transaction.atomic():
                sessions.end_all(person, but=request)
                record("person.end_sessions", actor=_operator(request), target=person)
        words = ngettext(
            "All sessions of one person were ended; they may sign in again.",
            "All sessions of %(count)s people were ended; they may sign in again.",
            len(people),
        )
        self.message_user(request, words % {"count": len(people)}, messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Kept, with what was changed in the journal, old and new."""
        with transaction.atomic():
            before = User.objects.select_for_update().filter(pk=obj.pk).values(*PERSON).first() or {}
            super().save_model(request, obj, form, change)
            after = User.objects.values(*PERSON).get(pk=obj.pk)
            if before != after:
                record("person.save", actor=_operator(request), target=obj, before=before, after=after)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What no console changes."""
        return ("is_superuser", "last_login", "date_joined") + (("email",) if obj else ())

    def get_urls(self) -> list[Any]:
        """Without the page on which one person sets another's password."""
        return [each for each in super().get_urls() if each.name != "auth_user_password_change"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever did something stays named by it: people are switched off."""
        return False


class VendorAccountForm(forms.ModelForm[VendorAccount]):
    """An account; the key goes in and never comes back."""

    key = forms.CharField(
        label=_("API key"),
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("It is kept encrypted and is never shown again. Empty: the one that is there stays."),
    )

    class Meta:
        model = VendorAccount
        fields = ("name", "environment", "email", "is_default", "rate", "pace_of", "alarm_below")

    def clean_key(self) -> str:
        """A new account needs one."""
        key = str(self.cleaned_data["key"])
        if not key and not self.instance.key_sealed:
            raise forms.ValidationError(gettext("A new account needs its key."))
        return key

    def clean_environment(self) -> str:
        """The pages say in which environment the portal works: an account of another one would belie them."""
        environment = str(self.cleaned_data["environment"])
        if environment != settings.OPENAPI_ENV:
            raise forms.ValidationError(gettext("The portal works in another environment (OPENAPI_ENV)."))
        return environment

    def validate_constraints(self) -> None:
        """That one account alone is the default the work function sees to: the former gives way."""


class VendorAnswerInline(admin.TabularInline[VendorAnswer, VendorAccount]):
    """What each API said when the account was last tested."""

    model = VendorAnswer
    extra = 0
    can_delete = False
    fields = readonly_fields = ("api", "is_good", "words", "at")

    def has_add_permission(self, request: HttpRequest, obj: VendorAccount | None = None) -> bool:
        """The test writes them."""
        return False


@admin.register(VendorAccount)
class VendorAccountAdmin(admin.ModelAdmin[VendorAccount]):
    """Accounts at the vendor; a key is written, never read."""

    form = VendorAccountForm
    fields = (
        "name",
        "environment",
        "email",
        "key",
        "is_default",
        "rate",
        "pace_of",
        "alarm_below",
        "credit_told",
        "credit_at",
        "credit_problem",
    )
    readonly_fields = ("credit_told", "credit_at", "credit_problem")
    list_display = ("name", "credit_told", "credit_at", "rate", "pace_of", "is_default", "environment")
    list_filter = ("environment",)
    inlines = (VendorAnswerInline,)
    actions = ("test",)

    @admin.action(description=_("Test the accounts: nothing is paid"), permissions=["change"])
    def test(self, request: HttpRequest, queryset: QuerySet[VendorAccount]) -> None:
        """Ask each API of each chosen account something harmless."""
        for account in queryset:
            try:
                works = accounts.test(account, actor=_operator(request))
            except Refusal as exc:
                self.message_user(request, f"{account}: {exc}", messages.ERROR)
            else:
                words = gettext("all APIs answer.") if works else gettext("some APIs do not answer: see its page.")
                self.message_user(request, f"{account}: {words}", messages.SUCCESS if works else messages.WARNING)

    @admin.display(description=_("credit (euros)"), ordering="credit")
    def credit_told(self, account: VendorAccount) -> str:
        """The credit as it was last read, with its alarm in colour and words."""
        if account.credit is None:
            return gettext("not read yet")
        told = number_format(account.credit, 2, use_l10n=True)
        if account.is_low and account.alarm_below is not None:
            below = number_format(account.alarm_below, 2, use_l10n=True)
            words = gettext("low: the alarm is at %(below)s") % {"below": below}
            return format_html('<strong class="console-alarm">{} – {}</strong>', told, words)
        if account.credit_problem:
            return format_html('{} – <span class="console-doubt">{}</span>', told, gettext("could not be read since"))
        return told

    def save_model(self, request: HttpRequest, obj: VendorAccount, form: Any, change: bool) -> None:
        """Through the work function, which seals the key and records it."""
        accounts.save(obj, key=form.cleaned_data["key"], actor=_operator(request))

    def has_delete_permission(self, request: HttpRequest, obj: VendorAccount | None = None) -> bool:
        """Organisations and mailboxes hold on to theirs."""
        return False


def _operator(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user
