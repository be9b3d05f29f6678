"""Addresses of the operators' console, beside those of the admin itself."""

from collections.abc import Callable

from django.contrib import admin
from django.http import HttpResponse
from django.urls import URLPattern, path

from campaigns.console import queueing, switching, views

app_name = "console"


def _page(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    return path(route, admin.site.admin_view(view), name=name)


urlpatterns = [
    _page("", views.first, "first"),
    _page("console/board/", views.live, "board"),
    _page("console/switches/", switching.index, "switches"),
    _page("console/switches/off/", switching.off, "switch_off"),
    _page("console/switches/on/<int:pk>/", switching.on, "switch_on"),
    _page("console/queue/", queueing.index, "queue"),
    _page("console/queue/again/", queueing.again, "queue_again"),
    _page("console/<slug:name>/", views.desk, "desk"),
    _page("console/<slug:name>/choose/", views.choose, "choose"),
    _page("console/<slug:name>/do/", views.perform, "perform"),
]
