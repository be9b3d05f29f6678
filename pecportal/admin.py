"""Bases of the operators' console: what the engine writes can be looked at there, never edited."""

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from pecportal import keyset

M = TypeVar("M", bound=models.Model)


NOT_OURS = ("django_q", "account", "mfa", "usersessions")


def without_others(site: admin.AdminSite) -> None:
    """Take the libraries' own pages away: whoever can edit a schedule of the queue can run any function, and whoever
    can add a second factor or an address to a person can take their place.
    """
    for model in list(site._registry):
        if model._meta.app_label in NOT_OURS:
            site.unregister(model)


class ShownOnlyAdmin(admin.ModelAdmin[M]):
    """Rows that are filtered by what their list shows: by any other field one might ask, letter by letter, for what is
    not shown.
    """

    show_full_result_count = False
    view_on_site = False  # the portal shows operators nobody's contents

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list under its own name, where nothing is chosen to be changed."""
        title = {} if self.has_change_permission(request) else {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """By what the list shows, or filters by."""
        filters = [each[0] if isinstance(each, tuple) else each for each in self.get_list_filter(request)]
        names = [str(getattr(each, "parameter_name", each)) for each in (*filters, *self.get_list_display(request))]
        shown = {name.partition("__")[0] for name in (*names, "pk", "id", self.date_hierarchy or "pk")}
        return lookup.partition("__")[0] in shown and super().lookup_allowed(lookup, value, request)


class ReadOnlyAdmin(ShownOnlyAdmin[M]):
    """Rows that only the engine writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody deletes."""
        return False


class KeysetList(ChangeList):
    """A list that is never counted and never sorted: its pages go by the rows' ids, the newest first."""

    pages_by_key = True

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        """The rows as filtered; the edge of the page is no filter."""
        self.edge = keyset.asked(request.GET)
        self.key = self.model_admin.key_of(request)  # type: ignore[attr-defined]
        for name in ("after", "before"):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[Any]:
        """By the key alone, which every database finds without sorting."""
        return [self.key]

    def get_results(self, request: HttpRequest) -> None:
        """One page, and whether there are others."""
        self.page = keyset.page(self.queryset, by=self.key, size=self.list_per_page, **self.edge)
        self.result_list = list(self.page.rows)
        self.result_count = len(self.result_list)
        self.full_result_count = self.result_count  # else the page would tell how many it shows
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = bool(self.result_list)
        self.paginator = Paginator(self.result_list, self.list_per_page)

    @property
    def newer_url(self) -> str:
        """The page before; "" on the first."""
        return self.get_query_string({"before": self.page.before}) if self.page.before is not None else ""

    @property
    def older_url(self) -> str:
        """The next page; "" on the last."""
        return self.get_query_string({"after": self.page.after}) if self.page.after is not None else ""


class LongListAdmin(ReadOnlyAdmin[M]):
    """Rows of which there may be millions: listed by pages of their ids, filtered only where an index helps.

    `filters_by` are the lookups that an address may name besides the filters' own.
    """

    filters_by: ClassVar[tuple[str, ...]] = ()
    sortable_by = ()
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def key_of(self, request: HttpRequest) -> str:
        """The unique whole number by which the list is paged, `-` before it for the highest first."""
        return "-pk"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that is not counted."""
        return KeysetList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Nothing by which the database would have to read all rows."""
        return lookup in self.filters_by or lookup in {
            getattr(each, "parameter_name", None) for each in self.get_list_filter(request)
        }


class StateAdmin(ShownOnlyAdmin[M]):
    """Rows whose data an operator may correct but whose state moves only by its own rules; never deleted."""

    always_readonly = ("state", "state_since", "public_id", "organisation")

    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> tuple[str, ...]:
        """The class's own, and every field that says where the row stands."""
        names = {field.name for field in self.model._meta.get_fields()}
        fixed = tuple(name for name in self.always_readonly if name in names)
        return (*tuple(str(name) for name in super().get_readonly_fields(request, obj)), *fixed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are made in the portal, where their rules live."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """What was sent or bought stays on record."""
        return False
