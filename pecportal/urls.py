"""Every address of the portal."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path
from django.utils.translation import gettext_lazy as _

from pecportal import labels
from pecportal.admin import without_others
from pecportal.api import documentation
from pecportal.api.root import Unknown
from pecportal.organisations import membership
from pecportal.organisations import views as organisations

admin.site.site_header = admin.site.site_title = _("pecportal: operators' console")
admin.site.index_title = _("What the portal knows")

without_others(admin.site)
labels.name_fields()

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# whose resources are to be found under /api/v1/
API = [
    path("", include("pecportal.api.urls")),
    path("", include("pecportal.registers.api_urls")),
    path("", include("pecportal.webhooks.api_urls")),
    path("", include("mailboxes.api.urls")),
    path("", include("campaigns.api.urls")),
]
handler400 = "pecportal.pages.bad_request"
urlpatterns = [
    path("", organisations.home, name="home"),
    path("", include("pecportal.signin.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("organisation/", organisations.choose, name="choose_organisation"),
    path("organisation/programs/", include("pecportal.programs.urls")),
    path("organisation/settings/", organisations.settings, name="organisation_settings"),
    path("organisation/webhooks/", include("pecportal.webhooks.urls")),
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
    path("api/problems/", documentation.problems, name="api_problems"),
    path("api/problems/<slug:slug>/", documentation.problem, name="api_problem"),
    path("", include(([path("api/v1/", include(API)), path("compat/", include("campaigns.compat.urls"))], "api"))),
    re_path(r"^api/", Unknown.as_view(), name="api_unknown"),
    path("journal/", include("pecportal.journal.urls")),
    path("admin/", include("campaigns.console.urls")),
    path("admin/", admin.site.urls),
]
