"""The description of the API in OpenAPI 3.1, made from the resources themselves."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from pecportal.api.idempotency import HEADER
from pecportal.api.kinds import KINDS
from pecportal.api.problems import PROBLEM, body_of
from pecportal.api.serializers import Strict

F = TypeVar("F", bound=Callable[..., Any])
Answer = type[Strict] | OpenApiResponse | OpenApiTypes | None
_SLUGS: Final[Mapping[int, str]] = {
    400: "invalid",
    401: "not-authenticated",
    403: "scope-missing",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "refused",
    410: "event-gone",
    413: "too-large",
    415: "unsupported-type",
    422: "idempotency-key-reused",
    429: "too-many-requests",
    503: "unavailable",
}


class ErrorPlace(Strict):
    """One thing wrong in the request; one of `pointer`, `parameter` and `header` says where."""

    pointer = serializers.CharField(required=False, help_text="JSON pointer (RFC 6901) into the body.")
    parameter = serializers.CharField(required=False, help_text="Name of a query parameter.")
    header = serializers.CharField(required=False, help_text="Name of a header.")
    detail = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="A word for programs.")


class ProblemDetails(Strict):
    """Problem details (RFC 9457)."""

    type = serializers.URLField(help_text="The address of a page that explains this kind of problem.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is the matter in this case, and what can be done.")
    errors = ErrorPlace(many=True, required=False)  # type: ignore[assignment]
    request_id = serializers.CharField(required=False, help_text="As in X-Request-Id; the portal's log has it, too.")


def operation(
    summary: str,
    *,
    answers: Mapping[int, Answer] | Mapping[tuple[int, str], Answer] | Answer = None,
    page_of: type[Strict] | None = None,
    body: Any = None,
    examples: Sequence[OpenApiExample] = (),
    description: str = "",
    problems: Sequence[int] = (),
    tag: str = "",
) -> Callable[[F], F]:
    """Describe a method: its answers by status (one alone is that of 200), or the list that it gives a page of.

    A file is described by status and media type, as `{(200, "application/pdf"): OpenApiTypes.BINARY}`.

    `body` is what it takes. `problems` are statuses of errors beyond those that every method of its kind has.
    """
    told = {200: paged(page_of)} if page_of else answers if isinstance(answers, Mapping) else {200: answers}

    def decorate(method: F) -> F:
        method._problems = tuple(problems)  # type: ignore[attr-defined]
        method._is_list = page_of is not None  # type: ignore[attr-defined]
        describe = extend_schema(
            summary=summary,
            description=description or None,
            request=body,
            responses=dict(told),
            examples=list(examples),
            tags=[tag] if tag else None,
        )
        return describe(method)

    return decorate


@cache
def paged(items: type[Strict]) -> type[Strict]:
    """The answer of a list: a page of these."""
    fields = {
        "items": items(many=True),
        "next": serializers.CharField(allow_null=True, help_text="`cursor` of the next page; null on the last."),
        "__doc__": "A page of a list.",
        "__module__": __name__,
    }
    return type(f"{items.__name__}Page", (Strict,), fields)


def example(name: str, value: Any, *, is_request: bool = False, status: int | None = None) -> OpenApiExample:
    """An example of an answer (of the status, if several are described), or of a body."""
    return OpenApiExample(
        name, value=value, request_only=is_request, response_only=not is_request, status_codes=[str(status or 200)]
    )


class Schema(AutoSchema):
    """Adds to each method what all have: its query, `fields`, the idempotency key, its problems."""

    def get_override_parameters(self) -> list[Any]:
        """Query and headers that the resource declares."""
        found: list[Any] = []
        name = self.method.lower()
        if query := getattr(self.view, "queries", {}).get(name):
            found.append(query)
        if name == "get" and getattr(self.view, "is_sparse", False):
            words = "Names of the fields to be told, with commas between them; all if left out."
            found.append(OpenApiParameter("fields", OpenApiTypes.STR, OpenApiParameter.QUERY, description=words))
        required = getattr(self._method(), "_idempotency", None)
        if required is not None:
            words = (
                "Your own word for this request, such as a UUID. Repeated with it, nothing is done twice; kept 30 days."
            )
            found.append(
                OpenApiParameter(
                    HEADER,
                    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                    OpenApiParameter.HEADER,
                    required=required,
                    description=words,
                )
            )
        return found

    def get_description(self) -> str:  # type: ignore[override]
        """Nothing but what `operation` says: docstrings are for who reads the code."""
        return ""

    def get_operation_id(self) -> str:
        """A list and one of its objects have names of their own."""
        found = str(super().get_operation_id()).replace(".", "_")
        is_list = self.method == "GET" and getattr(self._method(), "_is_list", False)
        return found.removesuffix("_retrieve") + "_list" if is_list else found

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        found = super()._get_response_bodies(direction)
        for status in self._problem_statuses():
            kind = KINDS[_SLUGS[status]]
            told = OpenApiResponse(ProblemDetails, description=str(kind.title))
            entry = self._get_response_for_code(told, str(status), media_types=[PROBLEM])
            entry["content"][PROBLEM]["example"] = body_of(kind)
            found.setdefault(str(status), entry)
        if self.method == "GET":  # the web server refuses it before the portal sees it
            found.setdefault(
                "414", {"description": "The address has more than 8,190 bytes. This alone is no problem+json."}
            )
        return dict(sorted(found.items()))

    def _problem_statuses(self) -> list[int]:
        found = {400, 401, 403, 406, 413, 429, 503, *getattr(self._method(), "_problems", ())}
        if "{" in self.path:
            found.add(404)
        if self.method not in ("GET", "HEAD"):
            found |= {409, 415}
        if getattr(self._method(), "_idempotency", None) is not None:
            found |= {409, 422}
        return sorted(found)

    def _method(self) -> Any:
        return getattr(self.view, self.method.lower(), None)

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        found = super()._map_basic_serializer(serializer, direction)
        if isinstance(serializer, Strict) and direction == "request":
            found["additionalProperties"] = False
        return found


class KeyScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer ppk_…`."""

    target_class = "pecportal.api.authentication.ByKey"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """As OpenAPI has it."""
        return {"type": "http", "scheme": "bearer", "description": "A key that the organisation's administrator made."}
