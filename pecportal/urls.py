"""Every address of the portal."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from pecportal.admin import without_queue
from pecportal.organisations import membership
from pecportal.organisations import views as organisations

admin.site.site_header = admin.site.site_title = _("pecportal: operators' console")
admin.site.index_title = _("What the portal knows")

without_queue(admin.site)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "pecportal.pages.bad_request"
urlpatterns = [
    path("", organisations.home, name="home"),
    path("", include("pecportal.signin.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("organisation/", organisations.choose, name="choose_organisation"),
    path("organisation/settings/", organisations.settings, name="organisation_settings"),
    path("members/", membership.index, name="members"),
    path("members/invite/", membership.invite, name="member_invite"),
    path("members/<int:pk>/", membership.member, name="member"),
    path("members/<int:pk>/remove/", membership.remove, name="member_remove"),
    path("members/invitations/<int:pk>/again/", membership.again, name="invitation_again"),
    path("members/invitations/<int:pk>/revoke/", membership.revoke, name="invitation_revoke"),
    path("invitation/<str:token>/", membership.invitation, name="invitation"),
    path("mailboxes/", include("mailboxes.urls")),
    path("campaigns/", include("campaigns.urls")),
    path("lookups/", include("pecportal.registers.urls")),
    path("journal/", include("pecportal.journal.urls")),
    path("admin/", include("campaigns.console.urls")),
    path("admin/", admin.site.urls),
]
