"""A registered mailbox becomes active: its form is fetched, signed by a person, handed in with an identity document."""

import logging

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mailboxes import acts, following, objections, papers
from mailboxes.models import HandIn, Mailbox, Paper, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome, Source
from mailboxes.models.papers import ON_ITS_WAY, HandInState, PaperKind
from mailboxes.objections import Objection
from mailboxes.states import Kind, VendorState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, SignInRefused, UpstreamError
from pecportal.upstream.pec import Casella

logger = logging.getLogger(__name__)
WANTED = frozenset({VendorState.REGISTERED.value, VendorState.DOCUMENTS_WRONG.value})
ONE_PDF = frozenset({Kind.MASSIVE, Kind.DOMICILE})  # kinds that want both papers in one file
LOOKS = 2


def fetch_form(mailbox: Mailbox, *, client: Upstream) -> Paper:
    """The vendor's activation form: asked for once, then kept.

    Raises `Refusal` before the mailbox is registered, `UpstreamError` when the form cannot be had now.
    """
    kept = form_of(mailbox)
    if kept is not None:
        return kept
    if not mailbox.vendor_id:
        raise Refusal(_("There is no activation form yet: the mailbox is not registered."))
    data = client.pec.activation_form(mailbox.vendor_id)
    try:
        with transaction.atomic():
            return papers.keep(mailbox, PaperKind.FORM, name=f"modulo-{mailbox.address}.pdf", data=data)
    except IntegrityError:  # somebody else was quicker
        return Paper.objects.get(mailbox=mailbox, kind=PaperKind.FORM)


def fetch_missing_form(mailbox_id: int, *, client: Upstream) -> None:
    """Fetch the form of a mailbox that waits for its documents and has none; what fails is tried again later."""
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    if mailbox.vendor_state not in WANTED:
        return
    try:
        fetch_form(mailbox, client=client)
    except UpstreamError as exc:
        logger.warning("The form of mailbox %s could not be fetched: %s", mailbox_id, type(exc).__name__)


def form_of(mailbox: Mailbox) -> Paper | None:
    """The form, if it was fetched already."""
    return Paper.objects.filter(mailbox=mailbox, kind=PaperKind.FORM).first()


def wants_documents(mailbox: Mailbox) -> bool:
    """Whether the vendor waits for documents, and none are on their way."""
    return mailbox.vendor_state in WANTED and not mailbox.hand_ins.filter(state__in=ON_ITS_WAY).exists()


def hand_in(mailbox: Mailbox, *, signed_form: tuple[str, bytes], identity: tuple[str, bytes], actor: User) -> HandIn:
    """Keep both papers, given as (name, bytes), and have them handed in: merged where the vendor wants one file.

    Raises `Refusal`, and keeps nothing, for a paper that cannot be taken or when none are wanted.
    """
    _refuse_unwanted(mailbox)  # before the papers cost anything
    parts = [("signed_form", signed_form[1]), ("identity", identity[1])]
    bundles = [papers.merged(parts)] if mailbox.kind in ONE_PDF else [papers.merged([part]) for part in parts]
    with transaction.atomic():
        row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
        _refuse_unwanted(row)
        handed = HandIn.objects.create(mailbox=row, state_since=clock.now(), by=actor, at=clock.now())
        papers.keep(row, PaperKind.SIGNED_FORM, name=signed_form[0], data=signed_form[1], hand_in=handed)
        papers.keep(row, PaperKind.IDENTITY, name=identity[0], data=identity[1], hand_in=handed)
        for number, data in enumerate(bundles, 1):
            papers.keep(row, PaperKind.HANDED_IN, name=f"documenti-{number}.pdf", data=data, hand_in=handed)
        record("mailbox.hand_in", actor=actor, organisation=row.organisation, target=row)
        enqueue("mailboxes.tasks.submit_documents", handed.pk)
    return handed


def submit_documents(hand_in_id: int, *, client: Upstream) -> None:
    """Hand the papers in: the job of `hand_in`. Run again it does nothing while an earlier call lives."""
    handed = HandIn.objects.get(pk=hand_in_id)
    with transaction.atomic(durable=True):
        mailbox = Mailbox.objects.select_for_update().get(pk=handed.mailbox_id)
        rows = HandIn.objects.filter(pk=hand_in_id, state=HandInState.WAITING)
        act = acts.begin(mailbox, ActKind.HAND_IN) if rows.exists() else None
        if act is None:
            return
        rows.move(HandInState.SENDING, problem_code="", problem="")
    bundles = list(handed.papers.filter(kind=PaperKind.HANDED_IN).order_by("pk"))
    with papers.on_disk(bundles) as paths:
        if not acts.mark(act):
            return
        try:
            casella = client.pec.hand_in(mailbox.vendor_id, paths)
        except UpstreamError as exc:
            _failed(handed, act, exc)
            return
    with transaction.atomic():
        acts.end(act, ActOutcome.DONE)
        HandIn.objects.filter(pk=hand_in_id).move(HandInState.TAKEN)
        following.take_in(mailbox, casella, source=Source.ANSWER)


def look_for(act: VendorAct, *, client: Upstream) -> None:
    """See by the mailbox whether a hand-in in doubt was taken; if it twice was not, it is handed in again.

    Papers that were judged wrong meanwhile were taken, too: the same ones must not go out again by themselves.
    """
    mailbox = act.mailbox
    try:
        casella = client.pec.get(mailbox.vendor_id)
    except UpstreamError as exc:
        logger.warning("The state of mailbox %s could not be read: %s", mailbox.pk, type(exc).__name__)
        return
    rows = HandIn.objects.filter(mailbox=mailbox, state=HandInState.UNCERTAIN)
    with transaction.atomic():
        following.take_in(mailbox, casella, source=Source.POLLING)
        if (casella.state or mailbox.vendor_state) not in WANTED or _changed_since(act, casella):
            acts.end(act, ActOutcome.DONE)
            rows.move(HandInState.TAKEN)
        elif acts.not_found(act) >= LOOKS:
            acts.end(act, ActOutcome.NOT_DONE)
            rows.move(HandInState.WAITING)


def _changed_since(act: VendorAct, casella: Casella) -> bool:
    """Whether the vendor has touched the mailbox after our call left, by its own times."""
    touched = casella.times.get("ultima_modifica")
    return touched is not None and act.marked_at is not None and touched > act.marked_at.timestamp()


@transaction.atomic
def lost(act: VendorAct) -> None:
    """Settle the act of a worker that died: what was not marked is handed in again, the rest is in doubt."""
    outcome = ActOutcome.NOT_DONE if act.marked_at is None else ActOutcome.UNCERTAIN
    if acts.end(act, outcome):
        to = HandInState.WAITING if act.marked_at is None else HandInState.UNCERTAIN
        HandIn.objects.filter(mailbox=act.mailbox_id, state=HandInState.SENDING).move(to)


def ring_lost() -> None:
    """Ring again for what waits to be handed in."""
    for pk in HandIn.objects.filter(state=HandInState.WAITING).values_list("pk", flat=True):
        enqueue("mailboxes.tasks.submit_documents", pk)


def _refuse_unwanted(mailbox: Mailbox) -> None:
    if not wants_documents(mailbox):
        raise Refusal(_("No documents are wanted for this mailbox just now."))


@transaction.atomic
def _failed(handed: HandIn, act: VendorAct, error: UpstreamError) -> None:
    outcome = acts.outcome_of(error)
    acts.end(act, outcome, error=error)
    rows = HandIn.objects.filter(pk=handed.pk)
    if outcome == ActOutcome.UNCERTAIN:
        rows.move(HandInState.UNCERTAIN)
    elif isinstance(error, Rejected) and not acts.may_repeat(act, error):
        # an account that may not even sign in says nothing of the papers: they wait for it
        to = HandInState.WAITING if isinstance(error, SignInRefused) else HandInState.REFUSED
        code, words = objections.to_hand_in(error), objections.words_of(error)
        rows.move(to, problem_code=code.value, problem=words)
        enqueue("mailboxes.tasks.refresh", handed.mailbox_id)
    else:
        rows.move(HandInState.WAITING, problem_code=Objection.UNREACHABLE.value)
