"""The operators' view of organisations and people."""

from typing import ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from pecportal.organisations.models import Membership, Organisation, User

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
