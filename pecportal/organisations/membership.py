"""The members of an organisation as its administrator sees them, and the page on which an invitation is accepted."""

from typing import Any

from django import forms
from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pecportal.errors import Refusal
from pecportal.organisations import current, glass, members
from pecportal.organisations.forms import InviteForm, JoinForm, ReachForm
from pecportal.organisations.members import Reach
from pecportal.organisations.models import Invitation, Membership, Organisation, User
from pecportal.permissions import Power, Role, require, visible_or_404
from pecportal.signin import stepup


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Who belongs to the organisation, as what, and who is invited."""
    organisation = _organisation(request)
    rows = Membership.objects.visible_to(request.user, Power.MEMBERS).filter(organisation=organisation)
    people = User.objects.filter(pk__in=rows.values("user"), is_program=False).order_by(
        "last_name", "first_name", "email"
    )
    shown = [(person, members.reach_of(organisation, person)) for person in people]
    invited = Invitation.objects.visible_to(request.user, Power.MEMBERS).filter(
        organisation=organisation, accepted_at=None, revoked_at=None
    )
    context = {"people": [(person, _words(reach), reach) for person, reach in shown], "invitations": invited}
    context["glasses"] = glass.of(organisation)
    return render(request, "members/index.html", context)


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    organisation = _organisation(request)
    form = InviteForm(_posted(request), boxes=_boxes(organisation))
    if form.is_valid():
        try:
            members.invite(organisation, form.cleaned_data["email"], form.reach, actor=_person(request))
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("The invitation is being sent. It is valid for seven days."))
            return redirect("members")
    return render(request, "members/invite.html", {"form": form}, status=_status(form))


@login_required
@stepup.required
@require_http_methods(["GET", "POST"])
def member(request: HttpRequest, pk: int) -> HttpResponse:
    """What a member is, and change it."""
    organisation = _organisation(request)
    person = _member(request, organisation, pk)
    reach = members.reach_of(organisation, person)
    initial = {
        "roles": sorted(reach.roles),
        "extent": "all" if reach.mailboxes is None else "some",
        "mailboxes": [str(box) for box in reach.mailboxes or ()],
    }
    form = ReachForm(_posted(request), boxes=_boxes(organisation), initial=initial)
    if form.is_valid():
        try:
            members.change(organisation, person, form.reach, actor=_person(request))
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("members" if person != request.user else "home")
    return render(request, "members/member.html", {"form": form, "person": person}, status=_status(form))


@login_required
@stepup.required_to_act
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """End a membership."""
    organisation = _organisation(request)
    person = _member(request, organisation, pk)
    try:
        members.remove(organisation, person, actor=_person(request))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(person)s is not a member any more.") % {"person": person})
    return redirect("members" if person != request.user else "home")


@login_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an invitation again, with a new link."""
    row = _invitation(request, pk)
    try:
        members.resend(row, actor=_person(request))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The invitation is being sent again; the link before does not work any more."))
    return redirect("members")


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    row = _invitation(request, pk)
    try:
        members.revoke(row, actor=_person(request))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The invitation is taken back: its link does not work any more."))
    return redirect("members")


@sensitive_post_parameters("password", "repeated")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: a new person chooses a password, somebody who has an account signs in and joins."""
    row = members.invitation_of(token)
    known = User.objects.filter(email=row.email).first() if row else None
    if row is None or (known is not None and not known.is_active):
        return _private(render(request, "members/invitation_gone.html", status=404))
    if known is None:
        return _private(_new_person(request, row))
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if request.user.pk != known.pk:
        return _private(render(request, "members/invitation_other.html", {"invitation": row}, status=403))
    if request.method == "POST":
        try:
            members.accept(row, user=known)
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            current.choose(request, row.organisation)
            messages.success(request, _("You now work for %(organisation)s, too.") % {"organisation": row.organisation})
        return redirect("home")
    return _private(render(request, "members/invitation.html", {"invitation": row}))


def _new_person(request: HttpRequest, row: Invitation) -> HttpResponse:
    form = JoinForm(_posted(request), email=row.email)
    if form.is_valid():
        data = form.cleaned_data
        try:
            members.join(row, password=data["password"], first_name=data["first_name"], last_name=data["last_name"])
        except Refusal as refusal:
            _tell(form, refusal)
        else:
            messages.success(request, _("Your account is ready: log in with it."))
            return redirect("account_login")
    return render(request, "members/invitation.html", {"invitation": row, "form": form}, status=_status(form))


def _private(response: HttpResponse) -> HttpResponse:
    """The address holds a secret: it stays in no cache. To no other host it goes by the policy of all pages.

    Stricter than that, `no-referrer` has browsers send `Origin: null` with the form, which the guard against forged
    forms refuses.
    """
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def _organisation(request: HttpRequest) -> Organisation:
    organisation = current.organisation(request)
    if organisation is None:
        raise Http404
    require(request.user, Power.MEMBERS, organisation)
    return organisation


def _member(request: HttpRequest, organisation: Organisation, pk: int) -> User:
    rows = Membership.objects.visible_to(request.user, Power.MEMBERS).filter(organisation=organisation)
    return visible_or_404(User.objects.filter(pk__in=rows.values("user"), is_program=False), pk=pk)


def _invitation(request: HttpRequest, pk: int) -> Invitation:
    rows = Invitation.objects.visible_to(request.user, Power.MEMBERS).filter(organisation=_organisation(request))
    return visible_or_404(rows, pk=pk)


def _boxes(organisation: Organisation) -> list[Any]:
    rows = apps.get_model("mailboxes.Mailbox")._default_manager.filter(organisation=organisation)
    return list(rows.exclude(state="discarded").order_by("address"))


def _words(reach: Reach) -> list[str]:
    """The roles in their usual order."""
    return [str(role.label) for role in Role if role in reach.roles]


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("Nobody is signed in.")
    return request.user


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _tell(form: forms.Form, refusal: Refusal) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def _status(form: forms.Form) -> int:
    return 422 if form.is_bound and form.errors else 200
