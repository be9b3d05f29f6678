"""The operators' two acts: switching sending on after a restore, and asking for a self-audit now."""

from typing import ClassVar

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from campaigns import auditing
from campaigns.tracking import restoring
from pecportal.admin import ReadOnlyAdmin
from pecportal.errors import Refusal
from pecportal.operation import deployment
from pecportal.operation.models import AuditRun, Deployment
from pecportal.organisations.models import User
from pecportal.queue import enqueue


def _operator(request: HttpRequest) -> User:
    """Whoever may switch sending on: a superuser, since it answers for every organisation."""
    if not isinstance(request.user, User) or not request.user.is_superuser:
        raise Http404
    return request.user


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin[Deployment]):
    """Which installation this is, whether it may send, and the page on which it is allowed to again."""

    list_display = ("mark", "sending_off_because", "sending_off_since", "lifted_by", "lifted_at")
    change_list_template = "admin/operation/deployment/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """The page beside the usual ones."""
        lift = path("lift/", self.admin_site.admin_view(self.lift), name="operation_deployment_lift")
        return [lift, *super().get_urls()]

    def lift(self, request: HttpRequest) -> HttpResponse:
        """Show which mailboxes were searched, and switch sending on for a reason."""
        operator = _operator(request)
        refused = ""
        if request.method == "POST":
            reason = request.POST.get("reason", "")
            try:
                restoring.lift(actor=operator, reason=reason, force=request.POST.get("force") == "on")
            except Refusal as exc:
                refused = str(exc)
            else:
                messages.success(request, _("Sending is on."))
                return redirect("admin:operation_deployment_changelist")
        why = deployment.why_off()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Switch sending on"),
            "opts": self.model._meta,
            "search": restoring.search(),
            "needed": restoring.SCANS,
            "why_off": deployment.sentence(why) if why else "",
            "refused": refused,
            "reason": request.POST.get("reason", ""),
        }
        return render(request, "admin/operation/deployment/lift.html", context, status=422 if refused else 200)


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin[AuditRun]):
    """What the self-audits found, and a button that asks for one now."""

    list_display = ("started_at", "ended_at", "total")
    fields = ("started_at", "ended_at", "total", "answers")
    readonly_fields: ClassVar = ("answers",)
    change_list_template = "admin/operation/auditrun/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """The button's address beside the usual ones."""
        ask = path("ask/", self.admin_site.admin_view(require_POST(self.ask)), name="operation_auditrun_ask")
        return [ask, *super().get_urls()]

    def ask(self, request: HttpRequest) -> HttpResponse:
        """Have an audit made in the background."""
        if not self.has_view_permission(request):
            raise Http404
        enqueue("campaigns.tasks.selfaudit")
        messages.info(request, _("The audit was asked for: its result appears here in a while."))
        return redirect("admin:operation_auditrun_changelist")

    @admin.display(description=gettext_lazy("what each question found"))
    def answers(self, audit: AuditRun) -> SafeString:
        """The questions as sentences, each with its number; 0 is as it should be."""
        rows = format_html_join("", "<tr><td>{}</td><td>{}</td></tr>", auditing.facts(audit))
        return format_html("<table>{}</table>", rows)
