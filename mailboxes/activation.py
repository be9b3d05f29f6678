"""A registered mailbox becomes active: its form is fetched, signed by a person, handed in with an identity document."""

import logging
from collections.abc import Sequence
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mailboxes import acts, following, gathering, objections, papers
from mailboxes.gathering import WANTED, Gathered
from mailboxes.models import HandIn, Mailbox, Paper, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome, Source
from mailboxes.models.papers import HandInState, PaperKind
from mailboxes.objections import Objection
from pecportal import clock, stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, SignInRefused, Unusable, UpstreamError
from pecportal.upstream.pec import Casella

logger = logging.getLogger(__name__)


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
        with papers.shelf() as shelf:
            return papers.keep(mailbox, PaperKind.FORM, shelf.put(data), name=f"modulo-{mailbox.address}.pdf")
    except IntegrityError:  # somebody else was quicker
        return Paper.objects.get(mailbox=mailbox, kind=PaperKind.FORM)


def fetch_missing_form(mailbox_id: int, *, client: Upstream) -> None:
    """Fetch the form of a mailbox that waits for its documents and has none; what fails is tried again later."""
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    if mailbox.vendor_state not in WANTED:
        return
    try:
        fetch_form(mailbox, client=client)
    except (UpstreamError, stored.Away) as exc:
        logger.warning("The form of mailbox %s could not be fetched: %s", mailbox_id, type(exc).__name__)


def form_of(mailbox: Mailbox) -> Paper | None:
    """The form, if it was fetched already."""
    return Paper.objects.filter(mailbox=mailbox, kind=PaperKind.FORM).first()


def hand_in(mailbox: Mailbox, *, actor: User, knows_loss: bool = False) -> HandIn:
    """Have the gathered papers handed in.

    Raises `Refusal`, and changes nothing, when one is missing, when none are wanted, or (field `knows_loss`) when a
    digital signature will not reach the vendor and the person was not told.
    """
    gathering.refuse_unwanted(mailbox)
    ready = gathering.gathered(mailbox)
    _refuse_incomplete(mailbox, ready, knows_loss=knows_loss)
    bundles = gathering.bundled(mailbox, ready)
    with transaction.atomic():
        row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
        gathering.refuse_unwanted(row)
        now = gathering.gathered(row)
        if now.keys != ready.keys or [each.pk for each in now.bundles] != [each.pk for each in bundles]:
            raise Refusal(_("Somebody has replaced a paper meanwhile: look at them again."))
        handed = HandIn.objects.create(mailbox=row, state_since=clock.now(), by=actor, at=clock.now())
        Paper.objects.filter(pk__in=[*now.keys, *(each.pk for each in bundles)]).update(hand_in=handed)
        record("mailbox.hand_in", actor=actor, organisation=row.organisation, target=row)
        enqueue("mailboxes.tasks.submit_documents", handed.pk)
    return handed


def _refuse_incomplete(mailbox: Mailbox, ready: Gathered, *, knows_loss: bool) -> None:
    if ready.signed_form is None:
        raise Refusal(_("Upload the signed form first."), field=PaperKind.SIGNED_FORM)
    if ready.identity is None:
        raise Refusal(_("Upload the identity document first."), field=PaperKind.IDENTITY)
    if gathering.loses_signature(mailbox, ready.signed_form) and not knows_loss:
        raise Refusal(_("Confirm that you know that the digital signature does not go along."), field="knows_loss")


def submit_documents(hand_in_id: int, *, client: Upstream) -> None:
    """Hand the papers in: the job of `hand_in`. Run again it does nothing while an earlier call lives.

    While the papers cannot be had it does nothing either, and the job is rung again each minute.
    """
    handed = HandIn.objects.get(pk=hand_in_id)
    bundles = list(handed.papers.filter(kind=PaperKind.HANDED_IN).order_by("pk"))
    if handed.state != HandInState.WAITING:
        return
    try:
        with papers.on_disk(bundles) as paths:
            _submit(handed, paths, client=client)
    except stored.Away as exc:
        logger.warning("The papers of mailbox %s cannot be had just now: %s", handed.mailbox_id, exc)


def _submit(handed: HandIn, paths: Sequence[Path], *, client: Upstream) -> None:
    with transaction.atomic(durable=True):
        mailbox = Mailbox.objects.select_for_update().get(pk=handed.mailbox_id)
        rows = HandIn.objects.filter(pk=handed.pk, state=HandInState.WAITING)
        act = acts.begin(mailbox, ActKind.HAND_IN) if rows.exists() else None
        if act is None:
            return
        rows.move(HandInState.SENDING, problem_code="", problem="")
    if not acts.mark(act):
        return
    try:
        casella = client.pec.hand_in(mailbox.vendor_id, paths)
    except UpstreamError as exc:
        _failed(handed, act, exc)
        return
    with transaction.atomic():
        acts.end(act, ActOutcome.DONE)
        HandIn.objects.filter(pk=handed.pk).move(HandInState.TAKEN)
        following.take_in(mailbox, casella, source=Source.ANSWER)


def look_for(act: VendorAct, *, client: Upstream) -> None:
    """See by the mailbox whether a hand-in in doubt was taken; what does not show is counted.

    Papers that were judged wrong meanwhile were taken, too.
    """
    mailbox, begun = act.mailbox, clock.now()
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
        else:
            acts.not_found(act, begun=begun)


@transaction.atomic
def hand_in_again(mailbox: Mailbox, *, actor: User) -> None:
    """Have the same papers handed in once more: a person's decision, after the vendor was twice seen without them.

    Raises `Refusal` before.
    """
    row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
    act = acts.absent(row, ActKind.HAND_IN)
    if act is None or not acts.end(act, ActOutcome.NOT_DONE):
        raise Refusal(_("It is not sure yet that the documents did not arrive: please wait."))
    waiting = HandIn.objects.filter(mailbox=row, state=HandInState.UNCERTAIN)
    keys = list(waiting.values_list("pk", flat=True))
    waiting.move(HandInState.WAITING)
    record("mailbox.hand_in_again", actor=actor, organisation=row.organisation, target=row)
    for pk in keys:
        enqueue("mailboxes.tasks.submit_documents", pk)


def may_hand_in_again(mailbox: Mailbox) -> bool:
    """Whether it is as sure as can be that the papers of a hand-in in doubt did not arrive."""
    return acts.absent(mailbox, ActKind.HAND_IN) is not None


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
    """Ring again for what waits to be handed in, the longer the later the oftener it came back with one answer."""
    for pk, mailbox_id in HandIn.objects.filter(state=HandInState.WAITING).values_list("pk", "mailbox"):
        if not acts.rests(mailbox_id, ActKind.HAND_IN):
            enqueue("mailboxes.tasks.submit_documents", pk)


@transaction.atomic
def _failed(handed: HandIn, act: VendorAct, error: UpstreamError) -> None:
    outcome = acts.outcome_of(error)
    acts.end(act, outcome, error=error)
    acts.fold(act)
    rows = HandIn.objects.filter(pk=handed.pk)
    if outcome == ActOutcome.UNCERTAIN:
        rows.move(HandInState.UNCERTAIN)
    elif isinstance(error, Rejected) and not acts.may_repeat(act, error):
        # an account that may not even sign in says nothing of the papers: they wait for it
        waits = isinstance(error, SignInRefused) and not isinstance(error, Unusable)
        to = HandInState.WAITING if waits else HandInState.REFUSED
        code, words = objections.to_hand_in(error), objections.words_of(error)
        rows.move(to, problem_code=code.value, problem=words)
        enqueue("mailboxes.tasks.refresh", handed.mailbox_id)
    else:
        rows.move(HandInState.WAITING, problem_code=Objection.UNREACHABLE.value)
