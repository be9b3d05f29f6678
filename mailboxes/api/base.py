"""What all resources of mailboxes have in common: who may, which mailbox, and how it is told."""

from typing import Final
from uuid import UUID

from rest_framework.response import Response

from mailboxes.api import told
from mailboxes.models import Mailbox
from pecportal.api.resource import Access, Resource
from pecportal.permissions import Power, Role, visible_or_404
from pecportal.vendor import RELATED

READ: Final = Access((Role.MAILBOXES_READ,), Power.SEE)
REGISTER: Final = Access((Role.MAILBOXES_WRITE,), Power.REGISTER)
BINDING: Final = Access((Role.MAILBOXES_WRITE,), Power.REGISTER, step_up=True)
CREDENTIALS: Final = Access((Role.MAILBOXES_WRITE,), Power.CREDENTIALS, step_up=True)


class OfMailboxes(Resource):
    """A resource of mailboxes."""

    def mailbox(self, public_id: UUID) -> Mailbox:
        """The one that the address names."""
        rows = self.rows(Mailbox).select_related("organisation", "plan", "created_by", *RELATED)
        return visible_or_404(rows, public_id=public_id)

    def whole(self, mailbox: Mailbox, *, status: int = 200, **headers: str) -> Response:
        """An answer with all that is told of a mailbox."""
        return self.tell(told.MailboxWhole, told.with_parts(mailbox), status=status, **headers)
