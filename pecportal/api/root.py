"""The kernel's own resources: who one is here, jobs, and the answer to unknown addresses."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pecportal.api import jobs
from pecportal.api.jobs import JobState
from pecportal.api.models import Job
from pecportal.api.resource import Access, Resource, location
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Strict
from pecportal.permissions import SCOPES, visible_or_404
from pecportal.programs.models import ApiKey


class Named(Strict):
    """An organisation."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()


class Welcome(Strict):
    """Who one is here."""

    name = serializers.CharField(help_text="Of the program or person that asks.")
    organisation = Named()
    scopes = serializers.ListField(child=serializers.ChoiceField([each.value for each in SCOPES]))
    key = serializers.CharField(allow_null=True, help_text="What the key begins with; null for a person.")
    key_expires_at = Moment(allow_null=True)
    schema = serializers.URLField()
    documentation = serializers.URLField()


class Index(Resource):
    """Where a program begins."""

    access: ClassVar = {"get": Access()}

    @operation(
        "Who am I",
        answers=Welcome,
        tag="index",
        description="The program of the key, its organisation and scopes. Good for trying out a key.",
        examples=[
            example(
                "A program",
                {
                    "name": "ERP",
                    "organisation": {"id": "0f6a2c7e-54a3-4a54-9d9b-6b8d54b1f3a0", "name": "Comune di Prova"},
                    "scopes": ["campaigns:read", "campaigns:write"],
                    "key": "ppk_k4m2p7xw",
                    "key_expires_at": "2027-03-31T22:00:00Z",
                    "schema": "https://portale.example/api/v1/schema/",
                    "documentation": "https://portale.example/api/v1/docs/",
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Say it."""
        key = request.auth if isinstance(request.auth, ApiKey) else None
        roles = self.actor.memberships.filter(organisation=self.organisation).values_list("role", flat=True)
        found = {
            "name": str(self.actor),
            "organisation": self.organisation,
            "scopes": [role.value for role in SCOPES if role.value in set(roles)],
            "key": key.prefix if key else None,
            "key_expires_at": key.expires_at if key else None,
            "schema": location("schema"),
            "documentation": location("docs"),
        }
        return self.tell(Welcome, found)


class JobTold(Strict):
    """How far something is that goes on in the background."""

    id = serializers.UUIDField(source="job.public_id")
    kind = serializers.CharField(source="job.kind")
    state = serializers.ChoiceField(JobState.values, source="progress.state")
    done = serializers.IntegerField(source="progress.done", allow_null=True)
    total = serializers.IntegerField(source="progress.total", allow_null=True)
    message = serializers.CharField(source="progress.words", help_text="A sentence for people; empty if there is none.")
    result = serializers.CharField(source="progress.result", allow_null=True, help_text="Where what came out is.")
    created_at = Moment(source="job.created_at")


JOB = {
    "id": "6c4f2d0e-7a53-4bb8-8f0e-2f4f0d6c1f11",
    "kind": "look-up",
    "state": "done",
    "done": 1,
    "total": 1,
    "message": "",
    "result": "https://portale.example/api/v1/lookups/company/12485671007/",
    "created_at": "2026-03-31T08:00:00Z",
}


class OneJob(Resource):
    """A job of one's own."""

    access: ClassVar = {"get": Access()}

    @operation(
        "How far a job is",
        answers=JobTold,
        tag="jobs",
        description="Ask again every few seconds until `state` is `done` or `failed`.",
        examples=[example("A job that is done", JOB)],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Look."""
        job = visible_or_404(self.rows(Job).filter(created_by=self.actor), public_id=public_id)
        return self.tell_job(job)

    def tell_job(self, job: Job) -> Response:
        """The job as it stands."""
        return self.tell(JobTold, {"job": job, "progress": jobs.progress(job)})


def accepted(view: Resource, job: Job) -> Response:
    """The answer (202) to a request that began a job; `Location` says where to ask how far it is."""
    found = {"job": job, "progress": jobs.progress(job)}
    return view.tell(JobTold, found, status=202, Location=location("job", public_id=job.public_id))


class Unknown(Resource):
    """Whatever has no address of its own: 404 for everybody."""

    authentication_classes = ()
    permission_classes = ()
    schema: Any = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing is asked for here, in any way."""
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request, force=True)
        raise Http404
