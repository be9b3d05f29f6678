"""Where every view of campaigns begins: the person, the campaign that they may see, the refusal that they are told."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.datastructures import MultiValueDict
from django_htmx.http import HttpResponseClientRefresh

from campaigns.models import Campaign
from pecportal.errors import Refusal
from pecportal.organisations.models import User
from pecportal.permissions import Power, visible_or_404


def person(request: HttpRequest) -> User:
    """Who is signed in; for views behind `login_required`."""
    if not isinstance(request.user, User):
        raise TypeError("Nobody is signed in.")
    return request.user


def campaign_or_404(request: HttpRequest, pk: int, power: Power | None = None) -> Campaign:
    """The campaign, if the person may see it, or has `power` in its organisation; else the 404 of one that is not."""
    rows = Campaign.objects.visible_to(request.user, power)
    people = ("created_by", "launched_by")
    return visible_or_404(rows.select_related("organisation", "mailbox__plan", "test_of", *people), pk=pk)


def anew() -> HttpResponse:
    """For htmx: the page is another one now, and is to be loaded again."""
    return HttpResponseClientRefresh()


def posted(request: HttpRequest) -> QueryDict | None:
    """What was sent with a form; None while the form is only shown."""
    return request.POST if request.method == "POST" else None


def posted_files(request: HttpRequest) -> MultiValueDict[str, UploadedFile[Any]] | None:
    """The files that were sent with a form; None while the form is only shown."""
    return request.FILES if request.method == "POST" else None


def tell(form: forms.Form, refusal: Refusal) -> None:
    """Put a refusal beside the field that it concerns."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def shout(request: HttpRequest, refusal: Refusal) -> None:
    """Show a refusal on top of the next page."""
    messages.error(request, str(refusal))
