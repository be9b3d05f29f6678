"""The list of a draft's recipients: handed in as a file, read in the background, and what is wrong with it."""

from contextlib import closing
from typing import ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import addresses, sentences, tables
from campaigns.api import bodies, finding
from campaigns.api.campaigns import READ, WRITE
from campaigns.models import Campaign, ListProblem, ListReading, Recipient, Role
from campaigns.preparing import readings
from campaigns.preparing import recipients as lists
from pecportal import antivirus
from pecportal.api import jobs
from pecportal.api.problems import Fault, Problem
from pecportal.api.resource import Resource
from pecportal.api.root import JOB, JobTold, accepted
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Paging, Query, Strict
from pecportal.errors import Refusal

_HEADING = "The heading of the column that is this."


class RecipientTold(Strict):
    """One row of the list."""

    line = serializers.IntegerField(help_text="Of the file: headings count in a table, and not in JSON lines.")
    address = serializers.CharField()
    values = serializers.DictField(child=serializers.CharField(allow_blank=True), help_text="By merge field.")


class ProblemTold(Strict):
    """One thing wrong with a row of the list, or worth a look."""

    line = serializers.IntegerField()
    column = serializers.CharField(help_text="Its heading; empty if it is the whole row.")
    value = serializers.CharField()
    code = serializers.CharField(help_text="A word for programs.")
    detail = serializers.SerializerMethodField(help_text="A sentence for people.")
    first_line = serializers.IntegerField(allow_null=True, help_text="Of an address that is there already.")
    is_warning = serializers.BooleanField(help_text="true: the row is sent to nevertheless.")

    def get_detail(self, row: ListProblem) -> str:
        """In the language of whoever asks."""
        return str(sentences.of_row(row))


RECIPIENT = {"line": 2, "address": "ditta@pec.example", "values": {"nome": "Ditta Prova", "pec": "ditta@pec.example"}}
PROBLEM = {
    "line": 17,
    "column": "pec",
    "value": "ditta.pec.example",
    "code": "address_syntax",
    "detail": "This is no address: it has to look like name@domain.",
    "first_line": None,
    "is_warning": False,
}


class WantedRecipients(Paging):
    """Which recipients."""

    address = serializers.CharField(required=False, max_length=254, help_text="The whole address.")


class WantedProblems(Paging):
    """Which problems."""

    is_warning = serializers.BooleanField(required=False, default=None, allow_null=True)


class Columns(Query):
    """What the columns of a list are; those that are not named are guessed by their headings and values."""

    name = serializers.CharField(required=False, max_length=200, help_text="What the list is called from then on.")
    sheet = serializers.IntegerField(required=False, default=0, min_value=0, help_text="Of a workbook: 0 is the first.")
    address = serializers.CharField(required=False, max_length=200, help_text=_HEADING)
    recipient_name = serializers.CharField(required=False, max_length=200, help_text=_HEADING)
    vat_number = serializers.CharField(required=False, max_length=200, help_text=_HEADING)
    tax_code = serializers.CharField(required=False, max_length=200, help_text=_HEADING)
    protocol = serializers.CharField(required=False, max_length=200, help_text=_HEADING)
    reference = serializers.CharField(required=False, max_length=200, help_text=_HEADING)
    reference_2 = serializers.CharField(required=False, max_length=200, help_text=_HEADING)
    reference_3 = serializers.CharField(required=False, max_length=200, help_text=_HEADING)


_PARAMETERS = {role.value: "recipient_name" if role == Role.NAME else role.value for role in Role}


class Recipients(Resource):
    """The recipients of a campaign."""

    access: ClassVar = {"get": READ, "put": WRITE}
    queries: ClassVar = {"get": WantedRecipients, "put": Columns}
    parser_classes = bodies.LISTS
    most_bytes: ClassVar = tables.LARGEST_FILE

    @operation(
        "The recipients of a campaign",
        page_of=RecipientTold,
        tag="campaigns",
        description="The good rows of its list; see `problems/` for the others.",
        examples=[example("A page", {"items": [RECIPIENT], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """In the order of the list."""
        campaign = finding.campaign(self, public_id)
        rows = self.rows(Recipient).filter(campaign=campaign, version=campaign.list_version)
        if "address" in self.query:
            rows = rows.filter(address__in=addresses.spellings(self.query["address"]))
        return self.page(RecipientTold, rows, by=("line",))

    @operation(
        "Hand in the list",
        body={parser.media_type: OpenApiTypes.BINARY for parser in bodies.LISTS},
        answers={202: JobTold},
        tag="campaigns",
        description=(
            "Replaces the list by this file: a table with headings in its first row, or a JSON object with texts and "
            "numbers on each line. At most 32 MiB, 300,000 rows and 200 columns. It is read in the background: when "
            "the job is done, `recipients` and `faulty_rows` of the campaign tell the counts, `problems/` each fault. "
            "Until then, and if it cannot be read, the list that was there stays. The same request may be repeated."
        ),
        examples=[
            example("Being read", {**JOB, "kind": "list-reading", "state": "running", "result": None}, status=202)
        ],
    )
    def put(self, request: Request, public_id: UUID) -> Response:
        """Keep it, and have it read."""
        campaign = finding.campaign(self, public_id)
        if not campaign.is_draft:
            raise Refusal(_("This campaign is not a draft any more: it cannot be changed."))
        body = request.data
        if not isinstance(body, bodies.Body):
            raise Problem("invalid", _("The body is empty: send the list itself, with its Content-Length."))
        with closing(body):
            reading = self._kept(campaign, body)
        roles = self._roles(reading)
        job = jobs.begin(readings.KIND, reading, organisation=self.organisation, actor=self.actor)
        readings.choose(reading, roles)
        return accepted(self, job)

    def _kept(self, campaign: Campaign, body: bodies.Body) -> ListReading:
        name, sheet = self.query.get("name", _("list")), self.query["sheet"]
        name = name if name.lower().endswith(f".{body.ending}") else f"{name}.{body.ending}"
        try:
            return readings.take(campaign, body.path, name=name, sheet=sheet, actor=self.actor)
        except Refusal as refusal:
            if refusal.field != "file" or isinstance(refusal, antivirus.Unchecked):
                raise
            raise Problem("invalid", faults=(Fault(str(refusal), "unreadable", pointer=""),)) from refusal

    def _roles(self, reading: ListReading) -> dict[str, int]:
        named = {role: self.query[name] for role, name in _PARAMETERS.items() if name in self.query}
        try:
            return lists.confirmed(reading, named)
        except Refusal as refusal:
            role = Role.ADDRESS.value if isinstance(refusal, lists.NoAddressColumn) else refusal.field
            if role not in _PARAMETERS:
                raise
            raise Problem("invalid", faults=(Fault(str(refusal), "column", parameter=_PARAMETERS[role]),)) from refusal


class RecipientProblems(Resource):
    """What is wrong with a list."""

    access: ClassVar = {"get": READ}
    queries: ClassVar = {"get": WantedProblems}

    @operation(
        "What is wrong with the list",
        page_of=ProblemTold,
        tag="campaigns",
        description=(
            "A row with a fault is sent nothing, and keeps the campaign from being started until the list is "
            "corrected, or the draft changed with `leaves_out_faulty`."
        ),
        examples=[example("A page", {"items": [PROBLEM], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """In the order of the list."""
        campaign = finding.campaign(self, public_id)
        rows = self.rows(ListProblem).filter(campaign=campaign, version=campaign.list_version)
        if self.query["is_warning"] is not None:
            rows = rows.filter(is_warning=self.query["is_warning"])
        return self.page(ProblemTold, rows, by=("line", "pk"))
