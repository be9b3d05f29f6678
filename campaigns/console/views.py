"""The pages of the operators' console: the first one, the desks, the switches, the queue."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from campaigns.console import acting, board
from campaigns.console.desks import DESKS
from campaigns.console.items import MOST, Act, Desk
from pecportal.errors import Refusal
from pecportal.organisations.models import User

A_PAGE = 20
SHOWN = 30  # names in a preview


def operator(request: HttpRequest) -> User:
    """Who is signed in, if they may act in the console; 404 for others."""
    if not isinstance(request.user, User) or not request.user.has_perm("operation.operate"):
        raise Http404
    return request.user


def page(
    request: HttpRequest, template: str, title: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A page of the console."""
    common = admin.site.each_context(request) | {"title": title, "desks": DESKS.values()}
    return render(request, template, common | context, status=status)


def first(request: HttpRequest) -> HttpResponse:
    """The console's first page: how all stands, above what can be looked up. The lists alone for who may not act."""
    shown: dict[str, Any] = {}
    if isinstance(request.user, User) and request.user.has_perm("operation.operate"):
        shown = {"board": board.of(), "title": _("How the portal stands")}
    return admin.site.index(request, extra_context=shown)


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """How all stands, for htmx, which asks every few seconds."""
    operator(request)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("admin:index")
    return render(request, "console/_board.html", {"board": board.of()})


@require_GET
def desk(request: HttpRequest, name: str) -> HttpResponse:
    """What stands on a desk: one page of it, each thing with its evidence and what may be done."""
    operator(request)
    return _show(request, _desk(name))


@require_POST
def choose(request: HttpRequest, name: str) -> HttpResponse:
    """What was chosen to be done, and with how many and which; nothing is done before the reason is given."""
    operator(request)
    chosen = _desk(name)
    act = _act(chosen, request)
    keys = _keys(request, chosen)
    found = acting.lawful(chosen, act, keys)
    if not found:
        messages.warning(request, _("There is nothing among these with which that may be done now."))
        return redirect("console:desk", chosen.name)
    return _preview(request, chosen, act, found, left_out=len(keys) - len(found), token=uuid.uuid4())


@require_POST
def perform(request: HttpRequest, name: str) -> HttpResponse:
    """Do it, for the reason given; a form sent twice is done once."""
    who, chosen = operator(request), _desk(name)
    act, keys = _act(chosen, request), _keys(request, chosen)
    try:
        token = uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        raise Http404 from None
    reason = request.POST.get("reason", "")
    try:
        done = acting.perform(chosen, act, keys, token=token, reason=reason, actor=who)
    except Refusal as refusal:
        found = acting.lawful(chosen, act, keys)
        return _preview(request, chosen, act, found, left_out=0, token=token, refused=str(refusal))
    _tell(request, done)
    return redirect("console:desk", chosen.name)


def _desk(name: str) -> Desk:
    if name not in DESKS:
        raise Http404
    return DESKS[name]


def _act(chosen: Desk, request: HttpRequest) -> Act:
    act = chosen.act(request.POST.get("act", ""))
    if act is None:
        raise Http404
    return act


def _keys(request: HttpRequest, chosen: Desk) -> list[str]:
    """The things that were ticked; or all of the desk, as it is filtered, where that was asked for."""
    if request.POST.get("all") == "on":
        return chosen.keys(_mailbox(request.POST.get("mailbox", "")))
    return list(dict.fromkeys(request.POST.getlist("item")))[:MOST]


def _mailbox(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _show(request: HttpRequest, chosen: Desk) -> HttpResponse:
    mailbox = _mailbox(request.GET.get("mailbox", ""))
    keys = chosen.keys(mailbox)
    number = _mailbox(request.GET.get("page", "")) or 1
    start = min(max(number - 1, 0) * A_PAGE, max(len(keys) - 1, 0) // A_PAGE * A_PAGE)
    found = chosen.items(keys[start : start + A_PAGE])
    context = {
        "desk": chosen,
        "items": found,
        "acts": [act for act in chosen.acts if any(act.name in item.acts for item in found)],
        "total": len(keys),
        "is_cut": len(keys) >= MOST,
        "mailbox": mailbox,
        "number": start // A_PAGE + 1,
        "newer": start // A_PAGE if start else 0,
        "older": start // A_PAGE + 2 if start + A_PAGE < len(keys) else 0,
    }
    return page(request, "console/desk.html", str(chosen.title), context)


def _preview(
    request: HttpRequest,
    chosen: Desk,
    act: Act,
    found: list[Any],
    *,
    left_out: int,
    token: uuid.UUID,
    refused: str = "",
) -> HttpResponse:
    context = {
        "desk": chosen,
        "act": act,
        "items": found,
        "shown": found[:SHOWN],
        "more": max(0, len(found) - SHOWN),
        "left_out": left_out,
        "token": token,
        "reason": request.POST.get("reason", ""),
        "refused": refused,
    }
    return page(request, "console/preview.html", str(act.label), context, status=422 if refused else 200)


def _tell(request: HttpRequest, done: acting.Done) -> None:
    if done.again:
        messages.info(request, _("This form was sent before: nothing was done a second time."))
        return
    if done.done:
        words = ngettext("Done with one.", "Done with %(count)s.", done.done) % {"count": done.done}
        messages.success(request, words + " " + _("What follows in the background shows here within a minute."))
    if done.idle:
        words = ngettext(
            "With one nothing was done: it was done a moment ago, or is settled.",
            "With %(count)s nothing was done: it was done a moment ago, or they are settled.",
            done.idle,
        )
        messages.info(request, words % {"count": done.idle})
    for item, why in done.refused[:5]:
        messages.warning(request, f"{item.title}: {why}")
