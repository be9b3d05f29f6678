"""Papers and hand-ins as the pages show them, for a reader who may not see everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from mailboxes import gathering, remarks
from mailboxes.examination import Examination
from mailboxes.forms import PaperForm
from mailboxes.gathering import Gathered
from mailboxes.models import HandIn, Mailbox, Paper
from mailboxes.models.papers import PaperKind
from mailboxes.remarks import Remark, SignatureWords
from mailboxes.states import VendorState
from pecportal.organisations.models import User


@dataclass(frozen=True, slots=True)
class Shown:
    """A paper, its pages, and whether the reader may have its bytes."""

    paper: Paper
    pages: int
    may_read: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one paper of the next hand-in: `name` in addresses, the form that fills it, and what is in it."""

    kind: PaperKind
    name: str
    form: PaperForm
    shown: Shown | None
    remarks: Sequence[Remark]
    signatures: Sequence[SignatureWords]
    pictures: Sequence[int]
    sides: str
    reusable: Paper | None
    forgotten: Paper | None


@dataclass(frozen=True, slots=True)
class Story:
    """One hand-in: what was in it, and what the provider said ("" for nothing yet)."""

    hand_in: HandIn
    papers: Sequence[Shown]
    judgement: str
    words: str


def slot(mailbox: Mailbox, kind: PaperKind, name: str, form: PaperForm, ready: Gathered, *, reader: User) -> Slot:
    """The place of a paper."""
    paper = ready.of(kind)
    return Slot(
        kind=kind,
        name=name,
        form=form,
        shown=_shown([paper], reader)[0] if paper else None,
        remarks=remarks.of(paper, applicant=gathering.applicant_code(mailbox)) if paper else [],
        signatures=remarks.signatures(paper) if paper else [],
        pictures=list(paper.pictures.values_list("page", flat=True)) if paper else [],
        sides=_sides(paper) if paper else "",
        reusable=None if paper else gathering.reusable(mailbox, kind),
        forgotten=None if paper else Paper.objects.forgotten(mailbox).filter(kind=kind).order_by("-pk").first(),
    )


def bundles(ready: Gathered, *, reader: User) -> list[Shown]:
    """The files that the provider will get."""
    return _shown(ready.bundles, reader)


def hand_ins(mailbox: Mailbox, *, reader: User) -> list[Story]:
    """All hand-ins, newest first."""
    rows = list(mailbox.hand_ins.select_related("by").prefetch_related("papers__by").order_by("-pk"))
    stories, until = [], None
    for row in rows:
        judgement, words = _judgement(mailbox, row.at, until)
        stories.append(Story(row, _shown(list(row.papers.all()), reader), judgement, words))
        until = row.at
    return stories


def erase_days() -> int:
    """Days after activation for which papers are kept."""
    return int(settings.PAPERS_ERASE_DAYS)


def _judgement(mailbox: Mailbox, since: datetime, until: datetime | None) -> tuple[str, str]:
    """What the vendor said of the papers of a hand-in: the last judging state before the next one, with its words."""
    judging = [VendorState.ACTIVE, VendorState.DOCUMENTS_WRONG]
    changes = mailbox.changes.filter(state__in=judging, at__gte=since)
    if until is not None:
        changes = changes.filter(at__lt=until)
    change = changes.order_by("pk").first()
    return (change.state, change.words) if change else ("", "")


def _shown(papers: Sequence[Paper], reader: User) -> list[Shown]:
    keys = [paper.pk for paper in papers]
    readable = set(Paper.objects.readable_by(reader).kept().filter(pk__in=keys).values_list("pk", flat=True))
    return [Shown(paper, len(Examination.from_json(paper.facts).pages), paper.pk in readable) for paper in papers]


def _sides(paper: Paper) -> str:
    """How its pages lie: "upright", "lying", "mixed"; "" where nothing is known."""
    found = {page.is_lying for page in Examination.from_json(paper.facts).pages if page.mm or page.pixels}
    if len(found) == 2:
        return "mixed"
    return "lying" if True in found else "upright" if found else ""
