"""The papers of a hand-in are gathered one at a time: each is looked at, and may be replaced without the other."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from mailboxes import examining, papers
from mailboxes.examination import Examination, Page
from mailboxes.models import Mailbox, Paper
from mailboxes.models.papers import GATHERED, ON_ITS_WAY, Erasure, Format, PaperKind
from mailboxes.states import Kind, VendorState
from pecportal import antivirus
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User

WANTED = frozenset({VendorState.REGISTERED.value, VendorState.DOCUMENTS_WRONG.value})
ONE_PDF = frozenset({Kind.MASSIVE, Kind.DOMICILE})  # kinds that want both papers in one file
_SIGNATURE = b"/ByteRange"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is there for the next hand-in; `bundles`, the files that the vendor will get, are made once both are."""

    signed_form: Paper | None
    identity: Paper | None
    bundles: Sequence[Paper]

    def of(self, kind: PaperKind) -> Paper | None:
        """The paper of a kind."""
        return self.signed_form if kind == PaperKind.SIGNED_FORM else self.identity

    @property
    def is_complete(self) -> bool:
        """Whether both papers are there."""
        return self.signed_form is not None and self.identity is not None

    @property
    def keys(self) -> set[int]:
        """The rows, by which two looks at them are compared."""
        return {row.pk for row in (self.signed_form, self.identity) if row is not None}


def gathered(mailbox: Mailbox) -> Gathered:
    """What is there for the mailbox's next hand-in."""
    rows = {row.kind: row for row in Paper.objects.gathered(mailbox).select_related("by")}
    bundles = list(Paper.objects.next_bundles(mailbox))
    return Gathered(rows.get(PaperKind.SIGNED_FORM), rows.get(PaperKind.IDENTITY), bundles)


def applicant_code(mailbox: Mailbox) -> str:
    """The applicant's tax code, "" for a mailbox that was not registered through the portal."""
    application = getattr(mailbox, "application", None)
    return application.codice_fiscale_richiedente if application else ""


def wants_documents(mailbox: Mailbox) -> bool:
    """Whether the vendor waits for documents, and none are on their way."""
    return mailbox.vendor_state in WANTED and not mailbox.hand_ins.filter(state__in=ON_ITS_WAY).exists()


def refuse_unwanted(mailbox: Mailbox) -> None:
    """Raise `Refusal` where no documents are wanted."""
    if not wants_documents(mailbox):
        raise Refusal(_("No documents are wanted for this mailbox just now."))


def loses_signature(mailbox: Mailbox, signed_form: Paper) -> bool:
    """Whether a digital signature on the form does not reach the vendor: merged into one PDF, or taken out of a .p7m.

    The paper itself is kept as it came, with its hash and the verdict on its signature.
    """
    signatures = Examination.from_json(signed_form.facts).signatures
    return bool(signatures) and (mailbox.kind in ONE_PDF or signed_form.format == Format.P7M)


def put(mailbox: Mailbox, kind: PaperKind, *, name: str, data: bytes, actor: User) -> Paper:
    """Look at a paper and keep it for the next hand-in, in the place of an earlier one, whose bytes are erased at once.

    Raises `Refusal` with the kind as its field, and changes nothing, for one that cannot be taken.
    """
    return _put(mailbox, kind, name=name, data=data, giver=actor, actor=actor)


def put_files(mailbox: Mailbox, kind: PaperKind, files: Sequence[tuple[str, bytes]], *, actor: User) -> Paper:
    """The same for a paper in one file, or page by page in several, each with its name."""
    name, data = examining.joined(kind, files)
    return put(mailbox, kind, name=name, data=data, actor=actor)


def use_again(mailbox: Mailbox, kind: PaperKind, *, actor: User) -> Paper:
    """Take the paper of the latest hand-in for the next one, too. Who gave it stays its giver, and alone may see it.

    Raises `Refusal` where there is none any more.
    """
    before = reusable(mailbox, kind)
    if before is None:
        raise Refusal(_("The paper of the earlier hand-in is no longer there: upload it again."), field=kind)
    data, giver = papers.contents(before), before.by or actor
    return _put(mailbox, kind, name=before.name, data=data, giver=giver, actor=actor)


def reusable(mailbox: Mailbox, kind: PaperKind) -> Paper | None:
    """The paper of the latest hand-in, while its bytes are kept."""
    latest = mailbox.hand_ins.order_by("-pk").first()
    return latest.papers.kept().filter(kind=kind).select_related("by").first() if latest else None


def take_back(mailbox: Mailbox, kind: PaperKind, *, actor: User) -> bool:
    """Give a gathered paper up, and erase it; False when there was none."""
    with transaction.atomic():
        row = _locked(mailbox)
        before = [*Paper.objects.gathered(row).filter(kind=kind)]
        if not before:
            return False
        before += Paper.objects.next_bundles(row)
        papers.discard(before, Erasure.REPLACED)
        record("mailbox.paper_taken_back", actor=actor, organisation=row.organisation, target=row, kind=kind.value)
    _erase(before)
    return True


def bundled(mailbox: Mailbox, ready: Gathered) -> list[Paper]:
    """The files that the vendor is to get, made now where they are missing: two put a paper at once."""
    if ready.bundles or ready.signed_form is None or ready.identity is None:
        return list(ready.bundles)
    files = {kind: _content(kind, ready.of(kind)) for kind in GATHERED}
    made = _bundles(mailbox, files)
    with papers.shelf() as shelf:
        sealed = _stored(shelf, made)
        with transaction.atomic(durable=True):
            return _keep_wanted(mailbox, ready, sealed)


def _put(mailbox: Mailbox, kind: PaperKind, *, name: str, data: bytes, giver: User, actor: User) -> Paper:
    refuse_unwanted(mailbox)  # before the paper costs anything
    whose = mailbox.organisation
    antivirus.admit(io.BytesIO(data), name=name, field=kind, actor=actor, organisation=whose, target=mailbox)
    looked = examining.examined(kind, data, form=_form(mailbox) if kind == PaperKind.SIGNED_FORM else b"")
    other_kind = PaperKind.IDENTITY if kind == PaperKind.SIGNED_FORM else PaperKind.SIGNED_FORM
    other = gathered(mailbox).of(other_kind)
    made = _bundles(mailbox, {kind: looked.content, other_kind: _content(other_kind, other)}) if other else []
    with papers.shelf() as shelf:
        sealed, bundles = shelf.put(data, looked.pictures), _stored(shelf, made)
        with transaction.atomic(durable=True):
            row = _locked(mailbox)
            refuse_unwanted(row)
            before = [*Paper.objects.gathered(row).filter(kind=kind), *Paper.objects.next_bundles(row)]
            papers.discard(before, Erasure.REPLACED)
            facts = looked.facts.as_json()
            paper = papers.keep(row, kind, sealed, name=name, format_=looked.format, by=giver, facts=facts)
            if other is not None and Paper.objects.gathered(row).filter(pk=other.pk).exists():
                _keep_bundles(row, bundles, giver if kind == PaperKind.IDENTITY else other.by)
            _record_put(paper, actor)
    _erase(before)
    return paper


def _record_put(paper: Paper, actor: User) -> None:
    box, facts = paper.mailbox, {"paper": paper.pk, "kind": str(paper.kind), "sha256": paper.sha256}
    record("mailbox.paper_put", actor=actor, organisation=box.organisation, target=box, **facts)


def _stored(shelf: papers.Shelf, made: Sequence[tuple[bytes, int]]) -> list[tuple[papers.Sealed, int]]:
    return [(shelf.put(data), pages) for data, pages in made]


def _keep_wanted(mailbox: Mailbox, ready: Gathered, made: Sequence[tuple[papers.Sealed, int]]) -> list[Paper]:
    """The bundles, unless a paper in them was replaced meanwhile."""
    if gathered(_locked(mailbox)).keys != ready.keys:
        raise Refusal(_("Somebody has replaced a paper meanwhile: look at them again."))
    return _keep_bundles(mailbox, made, ready.identity.by if ready.identity else None)


def _bundles(mailbox: Mailbox, files: Mapping[PaperKind, bytes]) -> list[tuple[bytes, int]]:
    """The PDF files to hand in, each with its number of pages, form first."""
    parts = [(str(kind), files[kind]) for kind in GATHERED]
    if mailbox.kind in ONE_PDF:
        return [examining.merged(parts)]
    return [_alone(field, data) for field, data in parts]


def _alone(field: str, data: bytes) -> tuple[bytes, int]:
    """A PDF of one paper; one that bears a digital signature is not touched, or the signature would be lost."""
    made, pages = examining.merged([(field, data)])
    return (data if data.startswith(b"%PDF") and _SIGNATURE in data else made), pages


def _keep_bundles(mailbox: Mailbox, made: Sequence[tuple[papers.Sealed, int]], giver: User | None) -> list[Paper]:
    return [
        papers.keep(
            mailbox,
            PaperKind.HANDED_IN,
            sealed,
            name=f"documenti-{number}.pdf",
            by=giver,
            facts=Examination(pages=[Page()] * pages).as_json(),
        )
        for number, (sealed, pages) in enumerate(made, 1)
    ]


def _content(kind: PaperKind, paper: Paper | None) -> bytes:
    return examining.content(paper.format, papers.contents(paper), kind) if paper else b""


def _form(mailbox: Mailbox) -> bytes:
    """The form that the vendor gave, if it was fetched."""
    kept = Paper.objects.filter(mailbox=mailbox, kind=PaperKind.FORM).first()
    return papers.contents(kept) if kept else b""


def _locked(mailbox: Mailbox) -> Mailbox:
    return Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)


def _erase(rows: Sequence[Paper]) -> None:
    for row in rows:
        row.refresh_from_db()
        papers.erase(row)
