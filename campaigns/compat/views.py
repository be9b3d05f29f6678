"""Takes a message as the vendor would, and tells of it as the vendor does; what happens between is the portal's."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.compat.asking import Asked, Body, FilesToDisk, Wanted, read
from campaigns.models import Message, Receipt
from campaigns.preparing import paragraphs
from campaigns.sending import posting
from campaigns.sending.posting import Kept, Letter, Upload
from mailboxes.models import Mailbox
from pecportal.api import idempotency
from pecportal.api.idempotency import once
from pecportal.api.problems import Fault, Problem
from pecportal.api.resource import Access, Resource
from pecportal.errors import Refusal
from pecportal.operation import deployment
from pecportal.permissions import Power, Role

READ: Final = Access((Role.CAMPAIGNS_READ, Role.MESSAGES_SEND), Power.READ)
LARGEST: Final = 110 * 10**6  # bytes of a body: its files may have 100 MB as base64
_EMPTY: Final = "Result empty"  # the vendor's own words
_PLACES: Final = {
    "mailbox": "sender",
    "to": "recipient",
    "subject": "subject",
    "body": "body",
    "files": "attachments",
}


class Send(Resource):
    """POST /send."""

    access: ClassVar = {"post": Access((Role.MESSAGES_SEND,), Power.SEND, step_up=True)}
    parser_classes = (FilesToDisk,)
    most_bytes: ClassVar = LARGEST
    schema = None

    def post(self, request: Request) -> Response:
        """Take the message in, once: without a key of its own, the same again is a repetition for a day."""
        body = request.data
        if not isinstance(body, Body):  # there was none
            raise Problem("malformed")
        with body.stack:
            return self._taken_once(request, read(self.body(Asked, read=body.value), body.files))

    def _taken_once(self, request: Request, wanted: Wanted) -> Response:
        given = idempotency.key_of(request)
        asked = wanted.digest(self.organisation.pk)
        key = given or f"compat {asked}"
        within = idempotency.KEPT if given else timedelta(hours=settings.COMPAT_REPEATED_HOURS)
        if (answer := idempotency.answered(request, key, asked, within=within)) is not None:
            return answer
        mailbox = self.rows(Mailbox).filter(address=wanted.sender.lower()).order_by("pk").last()
        if mailbox is None:
            words = _("There is no such mailbox, or the key is not for it.")
            raise Problem("invalid", faults=(Fault(words, "not_found", pointer="/sender"),))
        deployment.why_off()  # the first time ever it makes marks, which may not be undone with what follows
        come = [Upload(file.path, name) for name, file in wanted.files]
        with posting.kept(come, mailbox=mailbox, actor=self.actor) as files, posting.turn(self.organisation):
            return once(request, key, asked, lambda: self._take(mailbox, wanted, files), within=within)

    def handle_exception(self, exc: Exception) -> Response:
        """What is wrong with a part of the message is told as the vendor tells it: 400."""
        if isinstance(exc, Refusal) and exc.field:
            exc = Problem("invalid", faults=(Fault(str(exc), "refused", pointer=f"/{_PLACES[exc.field]}"),))
        return super().handle_exception(exc)

    def _take(self, mailbox: Mailbox, wanted: Wanted, files: Sequence[Kept]) -> Response:
        body = paragraphs.to_html(wanted.body)
        letters = [
            posting.read(Letter(to=to, subject=wanted.subject, body=body, files=files)) for to in wanted.recipients
        ]
        code = posting.new_code(mailbox.organisation)
        mailbox.refresh_from_db()
        made = posting.post_each(mailbox, letters, actor=self.actor, code=code)
        return Response({"success": True, "sent": len(made), "message": "", "message_id": code}, status=201)


class Sent(Resource):
    """GET /send/{message_id}."""

    access: ClassVar = {"get": READ, "delete": READ}
    is_sparse: ClassVar = False
    schema = None

    def get(self, request: Request, code: str) -> Response:
        """The receipts that came, and where each message stands, which the vendor does not tell."""
        messages = list(self._messages(code))
        told = [{"id": str(row.public_id), "recipient": row.recipient, "status": row.status} for row in messages]
        receipts = Receipt.objects.filter(message__in=messages).order_by("pk")
        items = [_item(row, row.mailbox.address) for row in receipts.select_related("mailbox")]
        if not items:
            return Response({"success": False, "message": _EMPTY, "messages": told}, status=404)
        return Response({"success": True, "message": "", "data": items, "messages": told})

    def delete(self, request: Request, code: str) -> Response:
        """Refuse: at the vendor it destroys the proof."""
        if not self._messages(code).exists():
            raise Problem("not-found")
        raise Problem("refused", _("Receipts are proof: the portal deletes none."))

    def _messages(self, code: str) -> QuerySet[Message]:
        rows = self.rows(Message).filter(posted__organisation=self.organisation, posted__code=code)
        return rows.select_related("mailbox").order_by("pk")


def _item(receipt: Receipt, recipient: str) -> dict[str, str]:
    """One mail of the inbox, in the vendor's spelling, and in that which its service was seen to use."""
    date, subject, text = receipt.date_text, receipt.subject, receipt.body
    return {
        "sender": receipt.sender,
        "recipient": recipient,
        "data": date,
        "object": subject,
        "message": text,
        "date": date,
        "subject": subject,
        "body": text,
    }
