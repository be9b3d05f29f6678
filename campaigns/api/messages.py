"""Single messages for programs, and all messages of theirs: posted once, listed, proven."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import addresses, enclosures
from campaigns.api.finding import by_name
from campaigns.api.told import (
    ATTEMPT,
    DETAIL,
    MESSAGE,
    RECEIPT,
    AttemptTold,
    EvidenceTold,
    MessageTold,
    MessageWhole,
    ReceiptTold,
    with_told,
)
from campaigns.models import Attempt, Campaign, Message, Receipt
from campaigns.preparing import paragraphs
from campaigns.sending import posting
from campaigns.sending.posting import Kept, Letter, Read, Upload
from campaigns.states import Shown
from campaigns.tracking import listing
from mailboxes.models import Mailbox
from pecportal import clock, uploads
from pecportal.api import cursors, idempotency
from pecportal.api.parsers import StrictJson
from pecportal.api.problems import Fault, Problem
from pecportal.api.resource import Access, Resource, location
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Paging, Strict
from pecportal.combining import Combined
from pecportal.errors import Refusal
from pecportal.operation import deployment
from pecportal.permissions import Power, Role, visible_or_404

READ = Access((Role.CAMPAIGNS_READ, Role.MESSAGES_SEND), Power.READ)
SEND = Access((Role.MESSAGES_SEND,), Power.SEND, step_up=True)
LARGEST = 140 * 10**6  # bytes of a body: files of 100 MB as base64 in a message, and the rest
_PATIENCE: Final = 0.02  # seconds for which one that begins waits for requests that have begun and do not wait yet
_SMALL: Final = 2**16  # bytes: a larger body may be long on its way
KNOWN = ("campaign", "mailbox", "content", "posted")


class MessageAsked(Strict):
    """One message to be sent."""

    mailbox = serializers.CharField(max_length=254, help_text="From which it is sent: its address, or its id.")
    to = serializers.CharField(max_length=254, help_text="One certified address.")
    subject = serializers.CharField(max_length=400)
    body = serializers.CharField(max_length=1_000_000, help_text="Paragraphs of plain text, or HTML, which is cleaned.")
    client_reference = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Your own, such as an order's number."
    )


class MessageWithFiles(MessageAsked):
    """One message to be sent with files, as a form (multipart/form-data)."""

    files = serializers.ListField(child=serializers.FileField(), required=False, help_text="Up to 30, 100 MB in all.")


class Wanted(Paging):
    """Which messages."""

    status = serializers.ChoiceField(Shown.values, required=False)
    campaign = serializers.UUIDField(required=False)
    mailbox = serializers.UUIDField(required=False)
    to = serializers.CharField(required=False, max_length=254, help_text="The whole address.")
    reference = serializers.CharField(required=False, max_length=20, help_text="The portal's, with or without attempt.")
    client_reference = serializers.CharField(required=False, max_length=200)
    since = Moment(required=False, help_text="Of campaigns that were started from then on.")
    until = Moment(required=False, help_text="Of campaigns that were started before.")


class Messages(Resource):
    """Messages: the list of them, and where one is posted."""

    access: ClassVar = {"get": READ, "post": SEND}
    queries: ClassVar = {"get": Wanted}
    parser_classes = (StrictJson, MultiPartParser)
    most_bytes: ClassVar = LARGEST

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever posts something small is waited for a little by those who post at the same time."""
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        is_quick = request.method == "POST" and length.isdecimal() and int(length) <= _SMALL
        with _posted.coming() if is_quick else nullcontext():
            return super().dispatch(request, *args, **kwargs)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Files go straight to disk."""
        request.upload_handlers = [uploads.OnDisk(request, most=LARGEST)]
        return super().initialize_request(request, *args, **kwargs)

    @operation(
        "List messages",
        page_of=MessageTold,
        tag="messages",
        description="Those of the latest campaign first, and in it the latest first.",
        examples=[example("A page", {"items": [MESSAGE], "next": None})],
    )
    def get(self, request: Request) -> Response:
        """The page that is asked for."""
        wanted = self.query
        if (rows := self._narrowed(wanted)) is not None:
            return self.page(MessageTold, with_told(rows))
        campaigns = self._campaigns(wanted)
        about = self._about()
        place = cursors.place(wanted.get("cursor", ""), about, 1)
        size = wanted["limit"]
        found = listing.of_campaigns(
            campaigns, self._of_mailbox(wanted), status=wanted.get("status", ""), after=place[0] if place else None,
            most=size + 1,
        )  # fmt: skip
        more = cursors.sealed([found[size - 1].pk], about) if len(found) > size else None
        inner = self._sparse(MessageTold(context=self.get_context()))
        return Response({"items": [inner.to_representation(row) for row in found[:size]], "next": more})

    @operation(
        "Send a message",
        body={"application/json": MessageAsked, "multipart/form-data": MessageWithFiles},
        answers={201: MessageWhole},
        tag="messages",
        description=(
            "Once this has been answered, the message is not lost: it leaves in its turn, at the mailbox's pace. "
            "Repeat a request that got no answer with the same Idempotency-Key: it is sent once."
        ),
        examples=[
            example(
                "To one recipient",
                {
                    "mailbox": MESSAGE["mailbox"]["address"],  # type: ignore[index]
                    "to": MESSAGE["to"],
                    "subject": "Sollecito",
                    "body": "<p>Gentile cliente, ...</p>",
                    "client_reference": "order-1042",
                },
                is_request=True,
            ),
            example("Taken", {**DETAIL, "status": "queued", "sent_at": None, "accepted_at": None, "decided_at": None},
                    status=201),
        ],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Look into its files, then take it in, once; what was taken before is not looked into again."""
        asked = idempotency.Asked(request, idempotency.needed_key(request), idempotency.digest(self))
        try:
            given = dict(self.body(MessageWithFiles if self._is_form else MessageAsked))
            come = [Upload(uploads.path_of(file), str(file.name)) for file in given.get("files", ())]
            if not come:
                return self._taken(asked, given, [])
        except (serializers.ValidationError, Refusal, Problem):
            if (answer := idempotency.answered(request, asked.key, asked.digest)) is not None:
                return answer
            raise
        if (answer := idempotency.answered(request, asked.key, asked.digest)) is not None:
            return answer
        with posting.kept(come, mailbox=self.sender(given["mailbox"]), actor=self.actor) as files:
            return self._taken(asked, given, files)

    post._idempotency = True  # type: ignore[attr-defined]

    def sender(self, name: str) -> Mailbox:
        """The mailbox with this address or id. Raises `Problem`."""
        mailbox = self.rows(Mailbox).filter(by_name(name)).order_by("-pk").first()
        if mailbox is None:
            raise Problem("invalid", faults=(Fault(_("There is no such mailbox."), "not_found", pointer="/mailbox"),))
        mailbox.organisation = self.organisation
        return mailbox

    def _taken(self, asked: idempotency.Asked, given: dict[str, Any], files: Sequence[Kept]) -> Response:
        letter = Letter(
            to=given["to"],
            subject=given["subject"],
            body=paragraphs.to_html(given["body"]),
            files=files,
            client_reference=given.get("client_reference", ""),
        )
        line = (self.organisation.pk, self.actor.pk, given["mailbox"])
        post = _Post(self, asked, line, posting.read(letter))
        found = _posted.do(post, line=line, turn=posting.turn(self.organisation))
        if isinstance(found, Problem):
            raise found
        return found

    @property
    def _is_form(self) -> bool:
        return str(self.request.content_type).startswith("multipart/")

    def _narrowed(self, wanted: dict[str, Any]) -> QuerySet[Message] | None:
        """Few messages, found by an index; None where nothing narrows them so."""
        few = Q()
        if "reference" in wanted:
            few &= Q(ref=wanted["reference"].upper().partition("-")[0])
        if "to" in wanted:
            few &= Q(recipient__in=addresses.spellings(wanted["to"]))
        if "client_reference" in wanted:
            few &= Q(posted__organisation=self.organisation, posted__client_reference=wanted["client_reference"])
        if not few:
            return None
        if "status" in wanted:
            few &= Q(status=wanted["status"])
        return self.rows(Message).filter(few, self._of_mailbox(wanted), campaign__in=self._campaigns(wanted))

    def _of_mailbox(self, wanted: dict[str, Any]) -> Q:
        return Q(mailbox__public_id=wanted["mailbox"]) if "mailbox" in wanted else Q()

    def _campaigns(self, wanted: dict[str, Any]) -> QuerySet[Campaign]:
        rows = self.rows(Campaign)
        if "campaign" in wanted:
            rows = rows.filter(public_id=wanted["campaign"])
        if "since" in wanted:
            rows = rows.filter(launched_at__gte=wanted["since"])
        if "until" in wanted:
            rows = rows.filter(launched_at__lt=wanted["until"])
        return rows


@dataclass(frozen=True, slots=True)
class _Post:
    """What somebody posts. `line`: for which organisation, who, and from which mailbox as it was named."""

    view: Messages
    asked: idempotency.Asked
    line: tuple[int, int, str]
    read: Read


def _post_all(posts: Sequence[_Post]) -> list[Response | Problem]:
    """Take in what one sender posts from one mailbox at the same time; what was taken before is answered again.

    All is done as the first one asks, who has the same rights. Raises `ValueError` for posts of several lines.
    """
    ((_office, _who, sender),) = {each.line for each in posts}
    deployment.why_off()  # the first time ever it makes marks, which may not be undone with what follows
    view = posts[0].view

    def take(places: Sequence[int]) -> list[Response]:
        new = [posts[place].read for place in places]
        made = posting.post_each(view.sender(sender), new, actor=view.actor)
        told = MessageWhole(context=view.get_context())
        return [_answer(told, message, each.letter) for message, each in zip(made, new, strict=True)]

    return idempotency.each_once([each.asked for each in posts], take)


def _answer(told: MessageWhole, message: Message, letter: Letter) -> Response:
    message.files = [each.found for each in letter.files]  # type: ignore[attr-defined]
    place = location("message", public_id=message.public_id)
    return Response(told.to_representation(message), status=201, headers={"Location": place})


_posted: Final = Combined(_post_all, refusals=(Refusal, Problem), patience=_PATIENCE)


class OneMessage(Resource):
    """One message."""

    access: ClassVar = {"get": READ}

    @operation(
        "A message",
        answers=MessageWhole,
        tag="messages",
        description="Its status, its files, and the certified times that its receipts tell.",
        examples=[example("Delivered", DETAIL)],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Tell it."""
        return self.tell(MessageWhole, _with_files(_found(self, public_id)))


class Receipts(Resource):
    """The receipts of a message."""

    access: ClassVar = {"get": READ}
    queries: ClassVar = {"get": Paging}

    @operation(
        "The receipts of a message",
        page_of=ReceiptTold,
        tag="messages",
        description="In the order in which they were read.",
        examples=[example("A page", {"items": [RECEIPT], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """In the order in which they were read."""
        return self.page(ReceiptTold, Receipt.objects.filter(message=_found(self, public_id)), by=("pk",))


class Attempts(Resource):
    """The tries to send a message."""

    access: ClassVar = {"get": READ}
    queries: ClassVar = {"get": Paging}

    @operation(
        "The attempts to send a message",
        page_of=AttemptTold,
        tag="messages",
        description="The first one first.",
        examples=[example("A page", {"items": [ATTEMPT], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """In their order."""
        return self.page(AttemptTold, Attempt.objects.filter(message=_found(self, public_id)), by=("pk",))


class Evidence(Resource):
    """What proves what became of a message."""

    access: ClassVar = {"get": READ}

    @operation(
        "The evidence of a message",
        answers=EvidenceTold,
        tag="messages",
        description="The message as it was frozen, every attempt, and every receipt with its bytes and their hash.",
        examples=[
            example(
                "Delivered",
                {
                    "message": DETAIL,
                    "body": "<p>Gentile cliente, ...</p>",
                    "attempts": [ATTEMPT],
                    "receipts": [{**RECEIPT, "raw": "..."}],
                    "made_at": "2026-03-31T09:00:00Z",
                },
            )
        ],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Gather it."""
        message = _found(self, public_id)
        found = {
            "message": _with_files(message),
            "body": message.content.body,
            "attempts": message.attempts.order_by("n"),
            "receipts": Receipt.objects.filter(message=message).order_by("pk"),
            "made_at": clock.now(),
        }
        return self.tell(EvidenceTold, found)


def _found(view: Resource, public_id: UUID) -> Message:
    return visible_or_404(view.rows(Message).select_related(*KNOWN), public_id=public_id)


def _with_files(message: Message) -> Message:
    message.files = enclosures.of_message(message)  # type: ignore[attr-defined]
    return message
