"""What of mailboxes is sealed, for the rotation of keys: passwords, papers, pictures of their pages."""

import io
import logging
import uuid
from collections.abc import Iterator
from typing import Final

from django.db import transaction
from django.db.models import Q

from mailboxes import papers
from mailboxes.models import Mailbox, PagePicture, Paper
from pecportal import encryption, rotation, stored

logger = logging.getLogger(__name__)
_NAME: Final = 200  # bytes of a sealed file that surely hold its key's name


def register() -> None:
    """Name them to the rotation."""
    rotation.register(rotation.Column("passwords", Mailbox, "password_sealed", lambda pk: f"mailbox:{pk}:password"))
    rotation.register(Files("papers", Paper, Q(erased_at=None)))
    rotation.register(Files("pictures of papers", PagePicture, Q(paper__erased_at=None)))


class Files:
    """Sealed files of rows that are not erased. Each is sealed for its own name: sealed anew it gets a new one, too.

    The new file is complete before the row names it, and the old one goes afterwards: whenever it is broken off, each
    row names a file that opens. What may stay behind is a sealed file that no row names.
    """

    def __init__(self, name: str, model: type[Paper] | type[PagePicture], kept: Q) -> None:
        self.name = name
        self._rows = model.objects.filter(kept)

    def sealed(self) -> Iterator[tuple[int, str]]:
        """The beginning of each file; one that is gone is told as having no key."""
        for pk, stored_as in self._rows.order_by("pk").values_list("pk", "stored_as").iterator():
            yield pk, _beginning(stored_as)

    def reseal(self, pk: int) -> bool:
        """Write the file under another name with the current key, then let its row name that. Raises `stored.Away`."""
        row = self._rows.filter(pk=pk).first()
        if row is None:
            return False
        try:
            data = papers.contents(row) if isinstance(row, Paper) else papers.picture(row)
        except FileNotFoundError as exc:
            raise encryption.Unreadable("The paper's file is gone.") from exc
        new = f"papers/{uuid.uuid4().hex}"
        stored.keep(new, io.BytesIO(encryption.seal(data, context=new).encode()))
        with transaction.atomic():
            mine = self._rows.filter(pk=pk, stored_as=row.stored_as).update(stored_as=new)
            transaction.on_commit(lambda: stored.discard(row.stored_as if mine else new))
        return bool(mine)


def _beginning(stored_as: str) -> str:
    try:
        with stored.opened(stored_as) as file:
            return str(file.read(_NAME).decode("ascii", "replace"))
    except FileNotFoundError:
        logger.error("The file %s is gone.", stored_as)
        return ""
