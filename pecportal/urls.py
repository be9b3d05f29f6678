"""Every address of the portal."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from pecportal.admin import without_queue
from pecportal.organisations import views as organisations
from pecportal.organisations.forms import LogInForm

admin.site.site_header = admin.site.site_title = _("pecportal: operators' console")
admin.site.index_title = _("What the portal knows")

without_queue(admin.site)

log_in = auth_views.LoginView.as_view(authentication_form=LogInForm, redirect_authenticated_user=True)

handler400 = "pecportal.pages.bad_request"
urlpatterns = [
    path("", organisations.home, name="home"),
    path("login/", log_in, name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", auth_views.PasswordChangeView.as_view(), name="password_change"),
    path("password/done/", auth_views.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("language/", include("django.conf.urls.i18n")),
    path("organisation/", organisations.choose, name="choose_organisation"),
    path("organisation/settings/", organisations.settings, name="organisation_settings"),
    path("mailboxes/", include("mailboxes.urls")),
    path("campaigns/", include("campaigns.urls")),
    path("lookups/", include("pecportal.registers.urls")),
    path("admin/", include("campaigns.console.urls")),
    path("admin/", admin.site.urls),
]
