"""Which mailbox a page is about: one's own, or none at all."""

from django import forms
from django.http import Http404, HttpRequest

from mailboxes.models import Mailbox
from pecportal.errors import Refusal
from pecportal.organisations import current
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Power, may, require, visible_or_404


def person(request: HttpRequest) -> User:
    """Who is signed in; for views behind `login_required`."""
    if not isinstance(request.user, User):
        raise TypeError("Nobody is signed in.")
    return request.user


def mailbox_of(request: HttpRequest, pk: int, power: Power | None = None) -> Mailbox:
    """A visible mailbox, on which the person has `power`; 404 otherwise, for whatever reason."""
    rows = Mailbox.objects.visible_to(person(request), power).select_related("organisation", "plan", "created_by")
    return visible_or_404(rows, pk=pk)


def organisation_for(request: HttpRequest, power: Power) -> Organisation:
    """The organisation that the person works for; 404 without `power` in it for all of its mailboxes."""
    organisation = current.organisation(request)
    if organisation is None:
        raise Http404
    require(person(request), power, organisation, whole=True)
    return organisation


def powers(request: HttpRequest, mailbox: Mailbox) -> dict[str, bool]:
    """What the page may offer."""
    who = person(request)
    return {
        "may_register": may(who, Power.REGISTER, mailbox),
        "may_enter_credentials": may(who, Power.CREDENTIALS, mailbox),
    }


def show(form: forms.BaseForm, refusal: Refusal) -> None:
    """Put a refusal beside the field that it concerns, on top of the form otherwise."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def status_of(form: forms.BaseForm) -> int:
    """The status of a page with this form: 422 when what was sent cannot be taken."""
    return 422 if form.is_bound and form.errors else 200
