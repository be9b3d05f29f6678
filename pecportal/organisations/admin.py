"""The operators' view of organisations and people."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations import accounts, rules
from pecportal.organisations.models import Membership, Organisation, User, VendorAccount, VendorAnswer

JOURNALED = ("name", *rules.FIELDS, "vendor_account")  # what of an organisation the journal follows

admin.site.unregister(Group)


class MembershipInline(admin.TabularInline[Membership, Organisation]):
    """The people of an organisation, with their roles."""

    model = Membership
    extra = 1
    autocomplete_fields: ClassVar = ["user"]


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin[Organisation]):
    """Organisations and their members."""

    list_display = ("name", "created_at")
    search_fields = ("name",)
    readonly_fields = ("public_id", "created_at")
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """Kept, with what was changed in the journal: old and new."""
        with transaction.atomic():
            before = Organisation.objects.select_for_update().filter(pk=obj.pk).values(*JOURNALED).first() or {}
            super().save_model(request, obj, form, change)
            after = Organisation.objects.values(*JOURNALED).get(pk=obj.pk)
            if changed := rules.changes(before or dict.fromkeys(JOURNALED), after):
                record(rules.SAVED, actor=_operator(request), organisation=obj, target=obj, **changed)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    """Who is what, where."""

    list_display = ("user", "organisation", "role", "since")
    list_filter = ("role",)
    list_select_related = ("user", "organisation")
    autocomplete_fields: ClassVar = ["user", "organisation"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """People; the e-mail address is the log-in."""

    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    filter_horizontal = ("user_permissions",)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "password1", "password2")}),)


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
