"""A registered mailbox becomes active: its form is fetched, signed by a person, handed in with an identity document."""

import logging

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mailboxes import acts, following, papers, registration
from mailboxes.models import HandIn, Mailbox, Paper, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome, Source
from mailboxes.models.papers import HandInState, PaperKind
from mailboxes.states import Kind, MailboxState, VendorState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, UpstreamError

logger = logging.getLogger(__name__)
WANTED = frozenset({VendorState.REGISTERED.value, VendorState.DOCUMENTS_WRONG.value})
ONE_PDF = frozenset({Kind.MASSIVE, Kind.DOMICILE})  # kinds that want both papers in one file
LOOKS = 2


def fetch_form(mailbox: Mailbox, *, client: Upstream) -> Paper:
    """The vendor's activation form: asked for once, then kept. Raises `UpstreamError` when it cannot be had now."""
    kept = form_of(mailbox)
    if kept is not None:
        return kept
    data = client.pec.activation_form(mailbox.vendor_id)
    name = f"modulo-{mailbox.address}.pdf"
    try:
        with transaction.atomic():
            return papers.keep(mailbox, PaperKind.FORM, name=name, data=data)
    except IntegrityError:  # somebody else was quicker
        return Paper.objects.get(mailbox=mailbox, kind=PaperKind.FORM)


def form_of(mailbox: Mailbox) -> Paper | None:
    """The form, if it was fetched already."""
    return Paper.objects.filter(mailbox=mailbox, kind=PaperKind.FORM).first()


def wants_documents(mailbox: Mailbox) -> bool:
    """Whether the vendor waits for documents, and none are on their way."""
    if mailbox.vendor_state not in WANTED:
        return False
    return not mailbox.hand_ins.filter(state__in=_ON_THEIR_WAY).exists()


def hand_in(mailbox: Mailbox, *, signed_form: tuple[str, bytes], identity: tuple[str, bytes], actor: User) -> HandIn:
    """Keep both papers, given as (name, bytes), and have them handed in: merged where the vendor wants one file.

    Raises `Refusal`, and keeps nothing, for a paper that cannot be taken or when none are wanted.
    """
    parts = [("signed_form", signed_form[1]), ("identity", identity[1])]
    bundles = [papers.merged(parts)] if mailbox.kind in ONE_PDF else [papers.merged([part]) for part in parts]
    with transaction.atomic():
        row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
        if not wants_documents(row):
            raise Refusal(_("No documents are wanted for this mailbox just now."))
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
    with transaction.atomic(durable=True):
        handed = HandIn.objects.select_related("mailbox__organisation").get(pk=hand_in_id)
        mailbox = Mailbox.objects.select_for_update(of=("self",)).get(pk=handed.mailbox_id)
        act = acts.begin(mailbox, ActKind.HAND_IN) if handed.state == HandInState.WAITING else None
        if act is None or not HandIn.objects.filter(pk=hand_in_id).move(HandInState.SENDING):
            return
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
    """See by the mailbox's state whether a hand-in in doubt was taken; if it twice was not, it is handed in again.

    That is harmless: the vendor takes documents only while it waits for them.
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
        if casella.state not in WANTED:
            acts.end(act, ActOutcome.DONE)
            rows.move(HandInState.TAKEN)
        elif acts.not_found(act) >= LOOKS:
            acts.end(act, ActOutcome.NOT_DONE)
            rows.move(HandInState.WAITING)


@transaction.atomic
def lost(act: VendorAct) -> None:
    """Settle the act of a worker that died: what was not marked is handed in again, the rest is in doubt."""
    outcome = ActOutcome.NOT_DONE if act.marked_at is None else ActOutcome.UNCERTAIN
    if acts.end(act, outcome):
        to = HandInState.WAITING if act.marked_at is None else HandInState.UNCERTAIN
        HandIn.objects.filter(mailbox=act.mailbox_id, state=HandInState.SENDING).move(to)


def ring_lost() -> None:
    """Ring again for what waits to be handed in, and for forms that were not fetched."""
    for pk in HandIn.objects.filter(state=HandInState.WAITING).values_list("pk", flat=True):
        enqueue("mailboxes.tasks.submit_documents", pk)
    formless = Mailbox.objects.filter(state=MailboxState.REGISTERED, vendor_state__in=WANTED).exclude(vendor_id="")
    for pk in formless.exclude(papers__kind=PaperKind.FORM).values_list("pk", flat=True):
        enqueue("mailboxes.tasks.fetch_form", pk)


_ON_THEIR_WAY = (HandInState.WAITING, HandInState.SENDING, HandInState.UNCERTAIN)


@transaction.atomic
def _failed(handed: HandIn, act: VendorAct, error: UpstreamError) -> None:
    outcome = acts.outcome_of(error)
    acts.end(act, outcome, error=error)
    rows = HandIn.objects.filter(pk=handed.pk)
    if outcome == ActOutcome.UNCERTAIN:
        rows.move(HandInState.UNCERTAIN)
    elif isinstance(error, Rejected):
        rows.move(HandInState.REFUSED, problem=registration.refusal_sentence(error))
        enqueue("mailboxes.tasks.refresh", handed.mailbox_id)
    else:
        rows.move(HandInState.WAITING)
