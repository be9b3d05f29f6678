"""What makes a mailbox usable, for programs: its form, its documents, its user name and password."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from mailboxes import activation, downloads, examining, following, gathering, objections, remarks
from mailboxes import credentials as sign_in
from mailboxes.api.base import CREDENTIALS, REGISTER, OfMailboxes
from mailboxes.examination import Examination
from mailboxes.forms import PaperForm
from mailboxes.models import HandIn, Mailbox, Paper
from mailboxes.models.papers import GATHERED, HandInState, PaperKind
from mailboxes.states import CredentialsState, VendorState
from pecportal import vendor
from pecportal.api.idempotency import remembered
from pecportal.api.problems import Fault, Problem
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Strict
from pecportal.upstream.errors import Rejected, UpstreamError

_AGAIN: Final = {"Retry-After": "60"}
_TONES: Final = ["success", "info", "warning", "danger"]


class AsPdf(JSONRenderer):
    """Lets a PDF be asked for; the file is made by the resource, and a problem stays JSON."""

    media_type = "application/pdf"
    format = "pdf"


class RemarkTold(Strict):
    """What is to be said of a paper."""

    tone = serializers.ChoiceField(_TONES)
    text = serializers.CharField()


class SignatureTold(RemarkTold):
    """A digital signature: what it is worth, and why."""

    title = serializers.CharField()


class PaperTold(Strict):
    """A paper that waits to be handed in, and what was found in it."""

    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField(help_text="Hex.")
    pages = serializers.SerializerMethodField()
    added_at = Moment()
    remarks = RemarkTold(source="told_remarks", many=True)
    signatures = SignatureTold(source="told_signatures", many=True)

    def get_pages(self, row: Paper) -> int:
        """How many were found."""
        return len(Examination.from_json(row.facts).pages)


class HandInTold(Strict):
    """Papers that went to the provider together."""

    state = serializers.ChoiceField(HandInState.values, help_text="uncertain: the provider's answer was lost.")
    at = Moment()
    detail = serializers.CharField(source="objection", help_text="What stands in its way; empty for nothing.")


class DocumentsTold(Strict):
    """What is there for the next hand-in, and what was handed in."""

    are_wanted = serializers.BooleanField(help_text="Whether the provider waits for documents.")
    reason = serializers.CharField(help_text="Why earlier ones were not accepted, in the provider's words.")
    loses_signature = serializers.BooleanField(help_text="Whether `knows_loss` is needed to hand them in.")
    signed_form = PaperTold(allow_null=True)
    identity = PaperTold(allow_null=True)
    hand_ins = HandInTold(many=True, help_text="The latest first.")


class DocumentsGiven(Strict):
    """Papers for the next hand-in, as a form (multipart/form-data)."""

    signed_form = serializers.ListField(
        child=serializers.FileField(), required=False, help_text="PDF, .p7m, or pictures of its pages; 10 MB in all."
    )
    identity = serializers.ListField(
        child=serializers.FileField(), required=False, help_text="PDF, or pictures of both sides; 10 MB in all."
    )
    hand_in = serializers.BooleanField(default=False, help_text="Hand in what is there once it was examined.")
    knows_loss = serializers.BooleanField(
        default=False, help_text="You know that the provider gets the form without its digital signature."
    )


class CredentialsGiven(Strict):
    """The mailbox's own sign-in, as the provider's e-mail gives it."""

    username = serializers.CharField(max_length=254, help_text="Usually the mailbox's address.")
    password = serializers.CharField(max_length=200, trim_whitespace=False, style={"input_type": "password"})


class CredentialsTold(Strict):
    """What is known of them; they themselves are never told."""

    state = serializers.ChoiceField(
        [CredentialsState.GOOD.value, CredentialsState.UNTESTED.value],
        help_text="untested: the provider did not answer; they are kept, and used.",
    )


PAPER: Final[dict[str, Any]] = {
    "size": 48211,
    "sha256": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
    "pages": 2,
    "added_at": "2026-04-01T08:00:00Z",
    "remarks": [{"tone": "success", "text": "It is the form that the provider gave for this mailbox."}],
    "signatures": [],
}
DOCUMENTS: Final[dict[str, Any]] = {
    "are_wanted": False,
    "reason": "",
    "loses_signature": False,
    "signed_form": None,
    "identity": None,
    "hand_ins": [{"state": "waiting", "at": "2026-04-01T08:00:00Z", "detail": ""}],
}


class ActivationForm(OfMailboxes):
    """The form that the applicant signs."""

    access: ClassVar = {"get": REGISTER}
    renderer_classes = (AsPdf, JSONRenderer)
    is_sparse: ClassVar = False

    @operation(
        "The activation form",
        answers={(200, AsPdf.media_type): OpenApiTypes.BINARY},
        tag="mailboxes",
        description="A PDF. The provider is asked for it once; 503 while it does not answer: repeat it.",
        problems=(409,),
    )
    def get(self, request: Request, public_id: UUID) -> HttpResponse:
        """Fetch it if it is not there yet."""
        mailbox = self.mailbox(public_id)
        try:
            form = activation.fetch_form(mailbox, client=vendor.connect_for(mailbox))
        except Rejected as exc:
            words = objections.sentence(objections.to_form(exc).value, objections.words_of(exc))
            raise Problem("refused", f"{_('The provider does not give the form.')} {words}") from exc
        except UpstreamError as exc:
            words = _("The provider does not give the form just now. Please try again in a few minutes.")
            raise Problem("unavailable", words, headers=_AGAIN) from exc
        return downloads.as_file(form)


class Documents(OfMailboxes):
    """The signed form and the identity document."""

    access: ClassVar = {"get": REGISTER, "post": REGISTER}
    parser_classes = (MultiPartParser,)
    most_bytes: ClassVar = 2 * examining.LIMIT + 2**20

    @operation(
        "The documents of a mailbox",
        answers=DocumentsTold,
        tag="mailboxes",
        description="What waits to be handed in and what was found in it, and what was handed in before.",
        examples=[example("Handed in", DOCUMENTS)],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Tell them."""
        return self._told(self.mailbox(public_id))

    @operation(
        "Give documents, and hand them in",
        body={"multipart/form-data": DocumentsGiven},
        answers=DocumentsTold,
        tag="mailboxes",
        description=(
            "Each paper is examined as on the pages, kept, and takes the place of an earlier one; `remarks` say what "
            "was found. With `hand_in` both go to the provider, once: repeated after an answer that was lost, it is "
            "refused (409), since none are wanted any more, and `hand_ins` of a GET has it. If only the hand-in is "
            "refused, the papers are kept. `uncertain` means that the provider's answer was lost: a person has them "
            "handed in again on the pages, if they did not arrive."
        ),
        examples=[
            example("Kept", {**DOCUMENTS, "are_wanted": True, "signed_form": PAPER, "hand_ins": []}),
        ],
    )
    @remembered
    def post(self, request: Request, public_id: UUID) -> Response:
        """Examine and keep each, then hand them in if that is asked for."""
        mailbox = self.mailbox(public_id)
        gathering.refuse_unwanted(mailbox)
        given = self.body(DocumentsGiven)
        papers = {kind: given[kind.value] for kind in GATHERED if given.get(kind.value)}
        if not papers and not given["hand_in"]:
            words = _("Give the signed form, the identity document, or both.")
            raise Problem("invalid", faults=(Fault(words, "required", pointer=""),))
        for kind, uploads in papers.items():
            gathering.put_files(mailbox, kind, _read(kind, uploads), actor=self.actor)
        if given["hand_in"]:
            activation.hand_in(mailbox, actor=self.actor, knows_loss=given["knows_loss"])
        return self._told(mailbox)

    def _told(self, mailbox: Mailbox) -> Response:
        ready = gathering.gathered(mailbox)
        is_wrong = mailbox.vendor_state == VendorState.DOCUMENTS_WRONG
        found = {
            "are_wanted": gathering.wants_documents(mailbox),
            "reason": following.documents_reason(mailbox) if is_wrong else "",
            "loses_signature": ready.signed_form is not None and gathering.loses_signature(mailbox, ready.signed_form),
            "signed_form": _with_remarks(mailbox, ready.signed_form),
            "identity": _with_remarks(mailbox, ready.identity),
            "hand_ins": HandIn.objects.filter(mailbox=mailbox),
        }
        return self.tell(DocumentsTold, found)


class Credentials(OfMailboxes):
    """The user name and the password of a mailbox: they go in, and never come out."""

    access: ClassVar = {"put": CREDENTIALS}

    @operation(
        "Enter user name and password",
        body=CredentialsGiven,
        answers=CredentialsTold,
        tag="mailboxes",
        description=(
            "They are kept encrypted and tried out with the provider at once. Refused ones (409) are kept as such: "
            "nothing is sent until others are entered. Repeating it changes nothing."
        ),
        examples=[
            example("As the e-mail says", {"username": "ufficio.tributi@pecmassiva.com", "password": "..."},
                    is_request=True),
            example("They work", {"state": "good"}),
        ],
    )  # fmt: skip
    @sensitive_variables("given", "request")
    def put(self, request: Request, public_id: UUID) -> Response:
        """Keep them, and ask the provider."""
        mailbox = self.mailbox(public_id)
        given = self.body(CredentialsGiven)
        sign_in.enter(mailbox, username=given["username"], password=given["password"], actor=self.actor)
        state = sign_in.test(mailbox, client=vendor.connect_for(mailbox))
        if state == CredentialsState.REFUSED:
            words = _("The provider does not accept this user name and password: check both, and copy no blanks with "
                      "them.")  # fmt: skip
            raise Problem("refused", words, faults=(Fault(words, "refused", pointer="/password"),))
        return self.tell(CredentialsTold, {"state": state.value})


def _read(kind: PaperKind, uploads: Sequence[UploadedFile[Any]]) -> list[tuple[str, bytes]]:
    """Name and bytes of each file, few and small enough. Raises `Problem`."""
    form = PaperForm(kind, {}, MultiValueDict({f"{kind.value}-file": list(uploads)}))
    if not form.is_valid():
        told = [str(words) for errors in form.errors.values() for words in errors]
        raise Problem("invalid", faults=tuple(Fault(words, "invalid", pointer=f"/{kind.value}") for words in told))
    return [(str(upload.name), examining.read(upload)) for upload in form.cleaned_data["file"]]


def _with_remarks(mailbox: Mailbox, paper: Paper | None) -> Paper | None:
    if paper is not None:
        found = remarks.of(paper, applicant=gathering.applicant_code(mailbox))
        paper.told_remarks = found  # type: ignore[attr-defined]
        paper.told_signatures = remarks.signatures(paper)  # type: ignore[attr-defined]
    return paper
