"""Resources that only tests have, beside the portal's own addresses: each shows one thing that the base sees to."""

from typing import Any, ClassVar

from django.urls import include, path
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from pecportal.api.idempotency import idempotent
from pecportal.api.models import Job
from pecportal.api.parsers import StrictJson
from pecportal.api.resource import Access, Resource
from pecportal.api.serializers import Moment, Paging, Strict
from pecportal.errors import Refusal
from pecportal.permissions import Power
from pecportal.registers.models import LookUp
from pecportal.urls import urlpatterns as portal

handler400 = "pecportal.pages.bad_request"


class Line(Strict):
    """A part of a body."""

    text = serializers.CharField(max_length=10)
    is_urgent = serializers.BooleanField(default=False)


class Order(Strict):
    """A body."""

    number = serializers.IntegerField(min_value=1)
    at = Moment(required=False)
    lines = Line(many=True, required=False)
    words = serializers.ListField(child=serializers.CharField(), required=False)


class JobLine(Strict):
    """An item of a list."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    at = Moment(source="created_at")


class JobQuery(Paging):
    """What the list takes."""

    kind = serializers.CharField(required=False)


class Jobs(Resource):
    """A list by time."""

    access: ClassVar = {"get": Access()}
    queries: ClassVar = {"get": JobQuery}

    def get(self, request: Request) -> Response:
        """A page of it."""
        rows = self.rows(Job)
        if "kind" in self.query:
            rows = rows.filter(kind=self.query["kind"])
        return self.page(JobLine, rows, by=("-created_at", "-pk"))


class Orders(Resource):
    """Takes a body."""

    access: ClassVar = {"post": Access()}
    most_bytes = 5000

    def post(self, request: Request) -> Response:
        """Say what was understood."""
        data = self.body(Order)
        return Response({"number": data["number"], "at": str(data.get("at", ""))}, status=201)


class Uploads(Resource):
    """Takes files, once."""

    access: ClassVar = {"post": Access((), Power.LOOK_UP)}
    parser_classes = (MultiPartParser, StrictJson)
    most_bytes = 2**20

    @idempotent(required=True)
    def post(self, request: Request) -> Response:
        """Make a row and say how large the file is."""
        LookUp.objects.create(organisation=self.organisation, by=self.actor, at="2026-03-31T08:00:00Z")
        return Response({"bytes": len(request.FILES["file"].read())}, status=201)


class Faults(Resource):
    """Goes wrong in the way that is asked for."""

    access: ClassVar = {"get": Access()}

    def get(self, request: Request, how: str) -> Response:
        """Go wrong."""
        if how == "refusal":
            raise Refusal("Not on Sundays.", field="a/b~c")
        raise RuntimeError("A bug with a secret in it")


class PeoplesAlone(Resource):
    """For nobody's program."""

    access: ClassVar = {"get": Access((), Power.APPROVE, people=True)}

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({})


TESTS: list[Any] = [
    path("jobs/", Jobs.as_view()),
    path("orders/", Orders.as_view()),
    path("uploads/", Uploads.as_view()),
    path("faults/<str:how>/", Faults.as_view()),
    path("people/", PeoplesAlone.as_view()),
]
urlpatterns = [path("api/test/", include(TESTS)), *portal]
