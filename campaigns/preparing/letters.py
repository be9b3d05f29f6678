"""Letters: written with merge fields, printed as PDF/A for every row of the list, enclosed with its message."""

import hashlib
import io
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns import files, sentences, text
from campaigns.models import Campaign, Letter, Letterhead, Origin, OwnFile, OwnLink, Recipient
from campaigns.preparing import drafts, merging, paragraphs, waste
from campaigns.states import LetterState
from pecportal import clock, pdf, press, queue, stored, told
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.told import say

BATCH: Final = 40  # letters of one transaction
LEASE: Final = timedelta(minutes=5)
MOST_FAULTS: Final = 50
TASK: Final = "campaigns.tasks.make_letters"
STYLE: Final = "css/letter.css"
PICTURE: Final = "logo"


@dataclass(frozen=True, slots=True)
class Written:
    """What a clerk writes of a letter; `protocol`, `subject` and `body` may hold merge fields."""

    file_name: str
    subject: str
    body: str
    letterhead: Letterhead | None = None
    protocol: str = ""
    place: str = ""
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class _Set:
    """A letter ready to be put together with rows."""

    letter: Letter
    main: text.Letter
    protocol: text.Letter | None

    @classmethod
    def of(cls, letter: Letter) -> "_Set":
        main = text.Letter.of(letter.subject, letter.body)
        return cls(letter, main, text.Letter.of(letter.protocol, "-") if letter.protocol else None)

    @property
    def fields(self) -> frozenset[str]:
        return self.main.fields | (self.protocol.fields if self.protocol else frozenset())

    def html(self, row: Recipient) -> str:
        """The row's letter as a page of HTML. Raises TextProblem, MissingValue."""
        subject, body = self.main.render(row.values, line=row.line)
        protocol = self.protocol.render(row.values, line=row.line)[0] if self.protocol else ""
        context = {"letter": self.letter, "head": self.letter.letterhead, "subject": subject, "body": body}
        return render_to_string("campaigns/letter_paper.html", context | {"protocol": protocol, "row": row})


def save(campaign: Campaign, written: Written, *, actor: User) -> Letter:
    """Write the letter of a draft anew; what was made of an earlier one is gone. The same again changes nothing.

    Raises `Refusal`, with the field, for a text that cannot be used or names a column that the list has not.
    """
    with transaction.atomic():
        draft = drafts.locked(campaign)
        written = replace(written, body=paragraphs.to_html(written.body))
        _check(draft, written)
        facts: dict[str, Any] = {
            "letterhead": written.letterhead,
            "file_name": files.clean_name(written.file_name.removesuffix(".pdf"))[:100],
            "subject": written.subject.strip(),
            "body": written.body,
            "protocol": written.protocol.strip(),
            "place": written.place.strip(),
            "dated": written.dated,
        }
        letter = Letter.objects.filter(campaign=draft).first()
        if letter is not None and all(getattr(letter, name) == value for name, value in facts.items()):
            return letter
        if letter is not None:
            _reset(letter)
        letter, _is_new = Letter.objects.update_or_create(campaign=draft, defaults=facts)
        record("campaign.write_letter", actor=actor, organisation=draft.organisation, target=draft)
    return letter


def _check(draft: Campaign, written: Written) -> None:
    if written.letterhead is not None and written.letterhead.organisation_id != draft.organisation_id:
        raise Refusal(_("This letterhead belongs to another organisation."), field="letterhead")
    try:
        files.clean_name(written.file_name)
        names = text.Letter.of(written.subject, written.body).fields
        if written.protocol.strip():
            names |= text.Letter.of(written.protocol, "-").fields
    except files.FileProblem as exc:
        raise Refusal(sentences.of_file(exc), field="file_name") from exc
    except text.TextProblem as exc:
        raise Refusal(sentences.of_text(exc), field=exc.place) from exc
    known = merging.fields(draft)
    if unknown := sorted(names - set(known)):
        raise Refusal(sentences.unknown_fields(unknown, known), field="body")


def make(campaign: Campaign, *, actor: User) -> None:
    """Have a letter made for every row, in the background. Again it does nothing.

    Raises `Refusal` when there is no letter, no list, or it is no draft any more.
    """
    with transaction.atomic():
        draft = drafts.locked(campaign)
        if not draft.recipients.exists():
            raise Refusal(_("There is no list of recipients yet: upload one."))
        letter = Letter.objects.filter(campaign=draft)
        if not letter.exists():
            raise Refusal(_("There is no letter yet: write it first."))
        if letter.move(LetterState.MAKING, leased_until=None, faults=[]):
            record("campaign.make_letters", actor=actor, organisation=draft.organisation, target=draft)
            queue.enqueue(TASK, draft.pk)


def stop(campaign: Campaign) -> None:
    """Make no further letter for now; those that are made stay. Again it does nothing."""
    Letter.objects.filter(campaign=campaign, state=LetterState.MAKING).move(LetterState.WRITTEN, leased_until=None)


def remove(campaign: Campaign, *, actor: User) -> None:
    """Send no letter after all; again it does nothing."""
    with transaction.atomic():
        draft = drafts.locked(campaign)
        letter = Letter.objects.filter(campaign=draft).first()
        if letter is not None:
            _reset(letter)
            letter.delete()
            record("campaign.remove_letter", actor=actor, organisation=draft.organisation, target=draft)


def begin_anew(draft: Campaign) -> None:
    """After another list came: letters were made for the rows of the old one. In the transaction of the list."""
    letter = Letter.objects.filter(campaign=draft).first()
    if letter is not None:
        _reset(letter)


def _reset(letter: Letter) -> None:
    """Forget what was made."""
    waste.throw_away(OwnFile.objects.filter(campaign=letter.campaign_id, origin=Origin.LETTER))
    row = Letter.objects.filter(pk=letter.pk)
    row.move(LetterState.WRITTEN)
    row.update(edition=letter.edition + 1, made=0, faults=[], leased_until=None)


def sample(campaign: Campaign, line: int | None = None) -> bytes:
    """The letter to the row at `line`, or to the first, as it will be made. Raises `Refusal` with what is wrong."""
    letter = Letter.objects.select_related("letterhead").filter(campaign=campaign).first()
    rows = campaign.recipients.order_by("line")
    row = rows.filter(line=line).first() if line is not None else rows.first()
    if letter is None or row is None:
        raise Refusal(_("There is nothing to show yet: the letter needs a text, and a list with at least one row."))
    with press.pressing(pdf.style_of(STYLE), _pictures(letter)) as printer:
        found = _printed(printer, _Set.of(letter), row)
    if isinstance(found, str):
        raise Refusal(found)
    return found


def run(campaign_id: int) -> None:
    """Make the letters that are still to be made. Run again, or by two workers, each is made once.

    What it does not reach in its time is left to another job, which looks at the rows without a letter once more.
    """
    until = time.monotonic() + queue.BOX
    letter = _leased(campaign_id)
    if letter is None:
        return
    setting, faults = _Set.of(letter), list[tuple[int, str]]()
    pictures, workers = _pictures(letter), settings.LETTER_PROCESSES
    presses = [press.Press(pdf.style_of(STYLE), pictures) for _ in range(workers)]
    try:
        with ThreadPoolExecutor(workers) as pool:
            after = 0
            while rows := _next(letter, after):
                shares = [rows[number::workers] for number in range(workers)]
                jobs = [pool.submit(_print_all, *pair, setting) for pair in zip(presses, shares, strict=True)]
                found = {line: made for job in jobs for line, made in job.result()}
                faults += [(line, made) for line, made in found.items() if isinstance(made, str)]
                good = {line: made for line, made in found.items() if isinstance(made, bytes)}
                if not _keep(letter, good):
                    return
                if good and time.monotonic() > until:
                    _leave(letter)
                    return
                after = rows[-1].line
    finally:
        for printer in presses:
            printer.close()
    _end(letter, sorted(faults))


def _leased(campaign_id: int) -> Letter | None:
    now = clock.database_now()
    free = Letter.objects.filter(Q(leased_until=None) | Q(leased_until__lt=now), pk=campaign_id)
    if not free.filter(state=LetterState.MAKING).update(leased_until=now + LEASE):
        return None
    return Letter.objects.select_related("campaign__organisation", "letterhead").get(pk=campaign_id)


def _next(letter: Letter, after: int) -> list[Recipient]:
    made = OwnLink.objects.filter(campaign=letter.campaign_id, file__origin=Origin.LETTER)
    rows = letter.campaign.recipients.filter(line__gt=after)
    return list(rows.exclude(line__in=made.values("line")).order_by("line")[:BATCH])


def _print_all(printer: press.Press, rows: Sequence[Recipient], setting: _Set) -> list[tuple[int, bytes | str]]:
    return [(row.line, _printed(printer, setting, row)) for row in rows]


def _printed(printer: press.Press, setting: _Set, row: Recipient) -> bytes | str:
    """A row's letter, or the sentence that says why there is none."""
    try:
        return printer.print(setting.html(row))
    except text.MissingValue as exc:
        return sentences.of_missing(exc)
    except text.TextProblem as exc:
        return sentences.of_text(exc)
    except press.Unprintable:
        return say(gettext_noop("The letter of this row cannot be set as a page: shorten what stands in it."))


def _keep(letter: Letter, made: Mapping[int, bytes]) -> bool:
    """Keep a batch of letters; False, and nothing kept, when somebody changed or stopped the letter meanwhile."""
    stored_as = {line: f"own/{uuid.uuid4().hex}" for line in made}
    with stored.discarded_on_failure(*stored_as.values()):
        for line, content in made.items():
            stored.keep(stored_as[line], io.BytesIO(content))
        is_mine = _tell(letter, made, stored_as)
    if not is_mine:
        for name in stored_as.values():
            stored.discard(name)
    return is_mine


def _tell(letter: Letter, made: Mapping[int, bytes], stored_as: Mapping[int, str]) -> bool:
    with transaction.atomic():
        mine = Letter.objects.select_for_update().filter(pk=letter.pk, edition=letter.edition)
        is_mine = mine.filter(state=LetterState.MAKING).exists()
        if is_mine:
            rows = [_file(letter, content, stored_as[line]) for line, content in made.items()]
            created = OwnFile.objects.bulk_create(rows)
            links = [
                OwnLink(campaign_id=letter.campaign_id, line=line, file=file)
                for line, file in zip(made, created, strict=True)
            ]
            OwnLink.objects.bulk_create(links)
            letter.made += len(made)
            mine.update(made=letter.made, leased_until=clock.database_now() + LEASE)
    return is_mine


def _file(letter: Letter, content: bytes, stored_as: str) -> OwnFile:
    return OwnFile(
        campaign_id=letter.campaign_id,
        origin=Origin.LETTER,
        name=f"{letter.file_name}.pdf",
        content_type="application/pdf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        stored_as=stored_as,
    )


def _leave(letter: Letter) -> None:
    """Let another job go on at once."""
    Letter.objects.filter(pk=letter.pk, edition=letter.edition, state=LetterState.MAKING).update(leased_until=None)
    queue.enqueue(TASK, letter.pk)


def _end(letter: Letter, faults: Sequence[tuple[int, str]]) -> None:
    mine = Letter.objects.filter(pk=letter.pk, edition=letter.edition, state=LetterState.MAKING)
    to = LetterState.WRITTEN if faults else LetterState.MADE
    mine.move(to, leased_until=None, faults=[[line, told.stored(why)] for line, why in faults[:MOST_FAULTS]])


def resume_lost() -> None:
    """Nudge every letter that no worker makes: its job was lost, or died with its worker."""
    now = clock.database_now()
    waited = Q(leased_until=None, state_since__lt=clock.now() - LEASE) | Q(leased_until__lt=now)
    for pk in Letter.objects.filter(waited, state=LetterState.MAKING).values_list("pk", flat=True):
        queue.enqueue(TASK, pk)


def _pictures(letter: Letter) -> dict[str, bytes]:
    head = letter.letterhead
    if head is None or not head.picture_stored_as:
        return {}
    with stored.verified(head.picture_stored_as, sha256=head.picture_sha256) as file:
        return {PICTURE: file.read()}
