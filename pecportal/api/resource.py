"""The base of all resources: who may ask, what may be asked, how much, and how it is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from pecportal.api import cursors, rates
from pecportal.api.authentication import ByKey
from pecportal.api.parsers import StrictJson
from pecportal.api.problems import Fault, Problem, problem
from pecportal.api.serializers import Paging, Query, Strict
from pecportal.organisations import current
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Power, Role, may, tenant_path
from pecportal.programs.models import ApiKey
from pecportal.signin import stepup

M = TypeVar("M", bound=Model)
MOST_JSON: Final = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Access:
    """What a method asks: of a program one of these scopes, of a person this power. None: any key, any member.

    `people`: no program may, whatever its scopes. `power` is also that by which the rows are found, for programs too:
    each of the scopes has to give it. `step_up`: a person has to have shown lately who they are, as for the pages.
    """

    scopes: tuple[Role, ...] = ()
    power: Power | None = None
    people: bool = False
    step_up: bool = False


class Permitted(BasePermission):
    """Programs with the scope, people with the power; told before anything is looked for."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether this method may be asked at all. Raises `Problem` with the reason."""
        if not isinstance(view, Resource) or not request.user.is_authenticated:
            return False
        if view.method_name not in view.access:
            return True  # which is answered by 405
        access = view.access[view.method_name]
        if access.people and request.user.is_program:
            raise Problem("forbidden", _("This is for people alone, who are logged in: no program may do it."))
        if isinstance(request.auth, ApiKey):
            roles = request.user.memberships.filter(organisation=request.auth.organisation_id)
            if access.scopes and not roles.filter(role__in=access.scopes).exists():
                words = _("It needs the scope %(scope)s.") % {"scope": " / ".join(access.scopes)}
                raise Problem("scope-missing", words)
            return True
        if view.organisation_or_none is None:
            raise Problem("forbidden", _("Whoever asks is no member of an organisation."))
        is_good = may(request.user, access.power, view.organisation_or_none)
        if is_good and access.step_up and stepup.is_due(request._request):
            raise Problem("step-up-needed")
        return is_good


class Resource(APIView):
    """A resource of the API. See the attributes; methods are `get`, `post` and so on, each with `@operation`.

    `access`: for each method what it asks. `queries`: for each method what it takes behind `?`, nothing if left out.
    `most_bytes`: how large a body may be; JSON, which is read into memory, at most `MOST_JSON`. `is_sparse`: whether
    `fields` may leave out parts of a GET's answer.
    """

    authentication_classes: Sequence[Any] = (ByKey, SessionAuthentication)
    permission_classes: Sequence[Any] = (Permitted,)
    renderer_classes: Sequence[type[BaseRenderer]] = (JSONRenderer,)
    parser_classes: Sequence[type[BaseParser]] = (StrictJson,)
    metadata_class = None
    http_method_names: Sequence[str] = ("get", "head", "post", "put", "patch", "delete")
    access: ClassVar[Mapping[str, Access]] = {}
    queries: ClassVar[Mapping[str, type[Query]]] = {}
    most_bytes: ClassVar[int] = 2**20
    is_sparse: ClassVar[bool] = True
    query: dict[str, Any]
    _standing: rates.Standing | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look at the request before its method does: its size, who asks, whether they may, what they ask for."""
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        is_json = StrictJson in self.parser_classes and str(request.content_type).startswith(StrictJson.media_type)
        most = min(self.most_bytes, MOST_JSON) if is_json else self.most_bytes
        if not length.isdecimal() or int(length) > most:
            words = _("The body may have %(most)s bytes at most.") % {"most": most}
            raise Problem("too-large", words)
        super().initial(request, *args, **kwargs)
        if self.method_name in self.access:
            self.query = self._asked(request)

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, and count it."""
        super().perform_authentication(request)
        if request.user.is_authenticated:
            who = f"key:{request.auth.pk}" if isinstance(request.auth, ApiKey) else f"user:{request.user.pk}"
            self._standing = rates.count(who)
            if self._standing is not None and self._standing.left < 0:
                raise Problem("too-many-requests", headers={"Retry-After": str(self._standing.reset)})

    def get_exception_handler(self) -> Any:
        """Problems, whatever the settings say."""
        return problem

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers that all answers have."""
        found = super().finalize_response(request, response, *args, **kwargs)
        found.headers["Cache-Control"] = "no-store"
        for name, value in (self._standing.headers if self._standing else {}).items():
            found.headers[name] = value
        return found

    @property
    def method_name(self) -> str:
        """The name of the method that answers, in lower case: HEAD is asked as GET."""
        name = str(self.request.method).lower()
        return "get" if name == "head" else name

    @property
    def actor(self) -> User:
        """Who asks: a program or a person."""
        user = self.request.user
        if not isinstance(user, User):
            raise TypeError("Nobody is signed in.")
        return user

    @cached_property
    def organisation_or_none(self) -> Organisation | None:
        """For whom it is asked: a key's organisation, or that which the person works for."""
        if isinstance(self.request.auth, ApiKey):
            return self.request.auth.organisation
        return current.organisation(self.request._request)

    @property
    def organisation(self) -> Organisation:
        """The same, of somebody who was let in."""
        if self.organisation_or_none is None:
            raise TypeError("Nobody without an organisation is let in.")
        return self.organisation_or_none

    def rows(self, model: type[M], power: Power | None = None) -> QuerySet[M]:
        """The rows that whoever asks may see by the method's power (or another), of the organisation asked for.

        Every query of a resource begins here.
        """
        wanted = power or self.access[self.method_name].power
        found: QuerySet[M] = model._default_manager.visible_to(self.actor, wanted)  # type: ignore[attr-defined]
        return found.filter(**{tenant_path(model): self.organisation.pk})

    def body(self, serializer: type[Strict], *, read: Any = None, **context: Any) -> dict[str, Any]:
        """What was sent, or `read` from it, as this serializer takes it. Raises `ValidationError`."""
        data = self.request.data if read is None else read
        given = serializer(data=data, context={**self.get_context(), **context})
        given.is_valid(raise_exception=True)
        found: dict[str, Any] = given.validated_data
        return found

    def tell(self, serializer: type[Strict], row: Any, *, status: int = 200, **headers: str) -> Response:
        """An answer with one object. `headers`: as `Location=…`."""
        told = self._sparse(serializer(row, context=self.get_context()))
        return Response(told.data, status=status, headers=headers)

    def page(self, serializer: type[Strict], rows: QuerySet[M], *, by: Sequence[str] = ("-pk",)) -> Response:
        """An answer with a page of a list; see `cursors.page` for `by`."""
        found = cursors.page(
            rows,
            by=by,
            size=self.query.get("limit", cursors.USUAL),
            cursor=self.query.get("cursor", ""),
            about=self._about(),
        )
        inner = self._sparse(serializer(context=self.get_context()))
        return Response({"items": [inner.to_representation(row) for row in found.rows], "next": found.next})

    def get_context(self) -> dict[str, Any]:
        """What serializers may know."""
        return {"request": self.request, "view": self}

    def _about(self) -> str:
        """What a list is of, so that a cursor goes with it alone."""
        match = self.request._request.resolver_match
        named = [match.view_name, sorted((name, str(value)) for name, value in match.kwargs.items())] if match else []
        filters = {name: value for name, value in self.query.items() if name not in ("cursor", "limit")}
        return repr([self.organisation.pk, named, sorted(filters.items())])

    def _asked(self, request: Request) -> dict[str, Any]:
        """The query, as the method's class takes it. Raises `Problem` for what it does not know."""
        taken = self.queries.get(self.method_name, Query)(data={}, context={"is_text": True})
        given = {name: values for name, values in request.query_params.lists() if not self._is_fields(name)}
        single = {
            name: values if isinstance(taken.fields.get(name), serializers.ListField) else values[-1]
            for name, values in given.items()
        }
        twice = [name for name, values in given.items() if single[name] is not values and len(values) > 1]
        if twice:
            faults = tuple(Fault(_("This was given more than once."), "repeated", parameter=name) for name in twice)
            raise Problem("invalid", faults=faults)
        taken.initial_data = single
        if taken.is_valid():
            found: dict[str, Any] = taken.validated_data
            return found
        raise Problem("invalid", faults=tuple(_faults(taken.errors)))

    def _is_fields(self, name: str) -> bool:
        return name == "fields" and self.is_sparse and self.method_name == "get"

    def _sparse(self, serializer: Strict) -> Strict:
        asked = self.request.query_params.get("fields", "") if self._is_fields("fields") else ""
        names = frozenset(name.strip() for name in asked.split(",") if name.strip())
        if names:
            unknown = sorted(names - set(serializer.fields))
            if unknown:
                words = _("There is no field “%(name)s”.") % {"name": unknown[0][:50]}
                raise Problem("invalid", faults=(Fault(words, "unknown", parameter="fields"),))
            serializer.only(names)
        return serializer


def listed(query: type[Paging] = Paging) -> dict[str, type[Query]]:
    """For `queries` of a list: what it takes."""
    return {"get": query}


def location(name: str, **kwargs: Any) -> str:
    """The whole address of a resource, for `Location` and links."""
    return str(settings.PORTAL_URL) + reverse(f"api:{name}", kwargs=kwargs)


def _faults(errors: Any) -> list[Fault]:
    found = []
    for name, told in errors.items():
        first = next(iter(told.values())) if isinstance(told, Mapping) else told
        words = first[0]
        place = None if name == "non_field_errors" else str(name)
        found.append(Fault(str(words), str(getattr(words, "code", "invalid")), parameter=place))
    return found
