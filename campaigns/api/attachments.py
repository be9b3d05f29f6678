"""The files of a draft: common ones, and those that single recipients get."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import enclosures, sentences, text
from campaigns.api import finding
from campaigns.api.campaigns import READ, WRITE
from campaigns.models import Attachment, Campaign, OwnFile, Recipient
from campaigns.preparing import attachments as attaching
from campaigns.preparing import own, unpacking
from pecportal import downloads, uploads
from pecportal.api import jobs
from pecportal.api.downloads import AnyFile
from pecportal.api.idempotency import remembered
from pecportal.api.problems import Fault, Problem
from pecportal.api.resource import Resource, location
from pecportal.api.root import JOB, JobTold, accepted
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Paging, Strict
from pecportal.errors import Refusal
from pecportal.permissions import visible_or_404

KINDS = ("common", "own")
AROUND = 2**20  # bytes of a form beside its file


class WantedFiles(Paging):
    """Which files."""

    kind = serializers.ChoiceField(KINDS, required=False, default="common")
    recipient = serializers.CharField(required=False, max_length=254, help_text="Own files of this recipient alone.")


class FileAsked(Strict):
    """A file to be attached, as a form (multipart/form-data)."""

    file = serializers.FileField()
    recipient = serializers.CharField(required=False, max_length=254, help_text="The address of whom alone it is for.")
    column = serializers.CharField(
        required=False,
        max_length=200,
        help_text="Instead: the heading of the column that names the file of each row. Then it may be a ZIP of many.",
    )


class AttachmentTold(Strict):
    """A file of a campaign."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.SerializerMethodField(help_text="common: everybody gets it. own: some recipients alone.")
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(help_text="Hex.")
    recipient = serializers.CharField(
        default=None, allow_null=True, help_text="Of an own file: the address that gets it; of several the first."
    )
    recipients_total = serializers.IntegerField(default=None, allow_null=True, help_text="Of an own file: how many.")

    def get_kind(self, row: Attachment | OwnFile) -> str:
        """By its model."""
        return KINDS[isinstance(row, OwnFile)]


FILE = {
    "id": "1b671a64-40d5-491e-99b0-da01ff1f3341",
    "kind": "common",
    "name": "avviso.pdf",
    "content_type": "application/pdf",
    "size": 48211,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c",
    "recipient": None,
    "recipients_total": None,
}


class Attachments(Resource):
    """The files of a campaign."""

    access: ClassVar = {"get": READ, "post": WRITE}
    queries: ClassVar = {"get": WantedFiles}
    parser_classes = (MultiPartParser,)
    most_bytes: ClassVar = unpacking.LARGEST + AROUND

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Files go straight to disk."""
        request.upload_handlers = [uploads.OnDisk(request, most=unpacking.LARGEST)]
        return super().initialize_request(request, *args, **kwargs)

    @operation(
        "The files of a campaign",
        page_of=AttachmentTold,
        tag="campaigns",
        description="In the order in which they came.",
        examples=[example("A page", {"items": [FILE], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """In the order in which they came."""
        campaign = finding.campaign(self, public_id)
        if "recipient" in self.query:
            row = _row(campaign, self.query["recipient"])
            mine = enclosures.with_recipients(enclosures.own_of_row(campaign, row.line))
            return self.page(AttachmentTold, mine, by=("pk",))
        rows: QuerySet[Any] = campaign.attachments.all() if self.query["kind"] == "common" else _own(campaign)
        return self.page(AttachmentTold, rows, by=("pk",))

    @operation(
        "Attach a file",
        body={"multipart/form-data": FileAsked},
        answers={201: AttachmentTold, 202: JobTold},
        tag="campaigns",
        description=(
            "For everybody, for one `recipient`, or for those whose row names it in a `column`. An archive (.zip) with "
            "`column` is unpacked in the background: a job follows (202). The same file again is kept once, and an "
            "archive that is being unpacked is not begun anew, so that the request may be repeated. Once there are "
            "own files, each recipient has to have one, or to go without by `without_own_files` of the draft."
        ),
        examples=[
            example("Attached", FILE, status=201),
            example("Being unpacked", {**JOB, "kind": "archive", "state": "waiting"}, status=202),
        ],
    )
    @remembered
    def post(self, request: Request, public_id: UUID) -> Response:
        """Look into it and keep it."""
        campaign = finding.campaign(self, public_id)
        given = self.body(FileAsked)
        file: UploadedFile[Any] = given["file"]
        if "recipient" in given and "column" in given:
            raise Problem("invalid", faults=(Fault(_("Either recipient or column."), "invalid", pointer="/column"),))
        if not uploads.is_whole(file):
            raise Refusal(sentences.FILES["too_big"], field="file")
        try:
            return self._take(campaign, file, given)
        except Refusal as refusal:
            if refusal.field != "upload":
                raise
            raise Refusal(refusal.sentence, field="file") from refusal

    def _take(self, campaign: Campaign, file: UploadedFile[Any], given: dict[str, Any]) -> Response:
        path, name, actor = uploads.path_of(file), str(file.name), self.actor
        if "recipient" in given:
            line = _row(campaign, given["recipient"], pointer="/recipient").line
            return self._made(campaign, own.add(campaign, path, name=name, line=line, actor=actor))
        if "column" not in given:
            return self._made(campaign, attaching.add(campaign, path, name=name, actor=actor))
        own.match(campaign, column=text.normalise(given["column"]))
        if name.lower().endswith(".zip"):
            intake = unpacking.receive(campaign, path, name=name, actor=actor)
            return accepted(self, jobs.begin(unpacking.KIND, intake, organisation=self.organisation, actor=actor))
        made = own.add(campaign, path, name=name, actor=actor)
        own.match(campaign)
        return self._made(campaign, made)

    def _made(self, campaign: Campaign, row: Attachment | OwnFile) -> Response:
        if isinstance(row, OwnFile):
            row = _own(campaign).get(pk=row.pk)
        named = {"public_id": campaign.public_id, "attachment_id": row.public_id}
        return self.tell(AttachmentTold, row, status=201, Location=location("campaign_attachment", **named))


class OneAttachment(Resource):
    """One file of a campaign."""

    access: ClassVar = {"get": READ, "delete": WRITE}
    renderer_classes: Sequence[Any] = (JSONRenderer, AnyFile)
    is_sparse: ClassVar = False

    @operation(
        "A file of a campaign",
        answers={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        tag="campaigns",
        description="Its bytes, as they are sent.",
    )
    def get(self, request: Request, public_id: UUID, attachment_id: UUID) -> FileResponse:
        """Hand it out."""
        row = _file(finding.campaign(self, public_id), attachment_id)
        return downloads.hand_out(row.stored_as, name=row.name, content_type=row.content_type, sha256=row.sha256)

    @operation(
        "Remove a file from a draft", answers={204: None}, tag="campaigns", description="Its bytes are erased as well."
    )
    def delete(self, request: Request, public_id: UUID, attachment_id: UUID) -> Response:
        """Take it off, bytes and all."""
        campaign = finding.campaign(self, public_id)
        row = _file(campaign, attachment_id)
        if isinstance(row, OwnFile):
            own.remove(campaign, [row.pk], actor=self.actor)
        else:
            attaching.remove(campaign, row.pk, actor=self.actor)
        return Response(status=204)


def _own(campaign: Campaign) -> QuerySet[OwnFile]:
    return enclosures.with_recipients(enclosures.uploads(campaign))


def _file(campaign: Campaign, public_id: UUID) -> Attachment | OwnFile:
    common = campaign.attachments.filter(stored_as=f"attachments/{public_id.hex}").first()
    return common or visible_or_404(_own(campaign), stored_as=f"own/{public_id.hex}")


def _row(campaign: Campaign, address: str, *, pointer: str | None = None) -> Recipient:
    """The row of an address. Raises `Problem` at its place."""
    told = address.strip()
    row = campaign.recipients.filter(address__in={told, told.lower()}).first()
    if row is None:
        where = {"pointer": pointer} if pointer else {"parameter": "recipient"}
        fault = Fault(_("The list has no recipient with this address."), "not_found", **where)
        raise Problem("invalid", faults=(fault,))
    return row
