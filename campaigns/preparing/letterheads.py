"""An organisation's headed papers: named, changed, and their pictures made anew before anything of them is kept."""

import hashlib
import io
import uuid
import warnings
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from campaigns import files
from campaigns.models import Letter, Letterhead
from campaigns.states import LetterState
from pecportal import antivirus, clock, stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User

LARGEST: Final = 5 * 10**6  # bytes that are handed in
MOST_PIXELS: Final = 40_000_000
SIDE: Final = 900  # pixels of the picture that is kept, at most
FORMATS: Final = ("PNG", "JPEG")


def save(
    organisation: Organisation,
    letterhead: Letterhead | None,
    *,
    name: str,
    heading: str,
    footer: str,
    actor: User,
    picture: Path | None = None,
    picture_name: str = "",
    without_picture: bool = False,
) -> Letterhead:
    """Make a letterhead, or change one. Letters that are made keep the paper they were printed on.

    Raises `Refusal` when another has its name, or the picture is none; then nothing is kept.
    """
    content = _redrawn(picture) if picture is not None else b""
    if picture is not None:
        shown = files.shown_name(picture_name)
        antivirus.admit(picture, name=shown, field="picture", actor=actor, organisation=organisation)
    stored_as = f"letterheads/{uuid.uuid4().hex}" if content else ""
    if content:
        stored.keep(stored_as, io.BytesIO(content))
    before = letterhead.picture_stored_as if letterhead is not None else ""
    row = letterhead or Letterhead(organisation=organisation)
    row.name, row.heading, row.footer = name.strip(), heading.strip(), footer.strip()
    if content or without_picture:
        row.picture_stored_as = stored_as
        row.picture_sha256 = hashlib.sha256(content).hexdigest() if content else ""
    with stored.discarded_on_failure(*([stored_as] if content else [])):
        _save(row, actor=actor)
    if before and row.picture_stored_as != before:
        stored.discard(before)
    return row


@transaction.atomic
def _save(row: Letterhead, *, actor: User) -> None:
    others = Letterhead.objects.filter(organisation=row.organisation, name=row.name)
    if row.pk is not None:
        others = others.exclude(pk=row.pk)
    if others.exists():
        raise Refusal(_("There is another letterhead of this name."), field="name")
    row.changed_at, row.changed_by = clock.now(), actor
    kept = ("name", "picture_sha256")
    before = Letterhead.objects.filter(pk=row.pk).values(*kept).first()
    row.save()
    after = {name: getattr(row, name) for name in kept}
    record("letterhead.save", actor=actor, organisation=row.organisation, target=row, before=before or {}, after=after)


def remove(letterhead: Letterhead, *, actor: User) -> None:
    """Remove a letterhead; again it does nothing. Raises `Refusal` while letters of a draft are printed on it."""
    with transaction.atomic():
        if Letter.objects.filter(letterhead=letterhead, state=LetterState.MAKING).exists():
            raise Refusal(_("Letters are being printed on it just now: try again when they are made."))
        organisation, stored_as = letterhead.organisation, letterhead.picture_stored_as
        if not Letterhead.objects.filter(pk=letterhead.pk).exists():
            return
        record("letterhead.remove", actor=actor, organisation=organisation, target=letterhead)
        letterhead.delete()
    if stored_as:
        stored.discard(stored_as)


def _redrawn(path: Path) -> bytes:
    """The picture as a PNG of ours. Raises `Refusal` for what is no picture, or becomes far too large."""
    if path.stat().st_size > LARGEST:
        raise Refusal(_("The picture is larger than 5 MB."), field="picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise Refusal(_("The picture has too many pixels: make it smaller."), field="picture")
                drawn = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise Refusal(_("This is no picture that can be opened: use a PNG or JPEG file."), field="picture") from exc
    drawn.thumbnail((SIDE, SIDE))
    paper = Image.new("RGB", drawn.size, "white")
    paper.paste(drawn, mask=drawn.getchannel("A"))
    target = io.BytesIO()
    paper.save(target, "PNG")
    return target.getvalue()
