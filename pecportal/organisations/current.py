"""Which of a person's organisations the browser is working for."""

from django.http import HttpRequest

from pecportal.organisations.models import Organisation

_KEY = "organisation"


def organisation(request: HttpRequest) -> Organisation | None:
    """The chosen organisation, else the first by name of which the person is a member, else None."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    rows = Organisation.objects.visible_to(user).order_by("name")
    chosen = request.session.get(_KEY)
    return (rows.filter(pk=chosen).first() if chosen else None) or rows.first()


def choose(request: HttpRequest, chosen: Organisation) -> None:
    """Work for `chosen` from now on in this session; the caller has seen to it that it is visible."""
    request.session[_KEY] = chosen.pk
