"""A mailbox is asked for: data gathered step by step, sent to the vendor once, found again if its answer is lost."""

import logging
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from mailboxes import acts, blame, callbacks, changes, drafts, following, mismatches, objections
from mailboxes.models import Application, Mailbox, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome, Source
from mailboxes.objections import Objection
from mailboxes.states import MailboxState, VendorState
from mailboxes.steps import STEPS, TO_VENDOR, missing_steps, owner_of
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, UpstreamError
from pecportal.upstream.pec import Casella

logger = logging.getLogger(__name__)
GONE = (VendorState.CLOSED, VendorState.CANCELLED)
_WITHOUT_PROBLEM = {"problem_code": "", "problem": "", "problem_field": ""}


@transaction.atomic
def start(organisation: Organisation, *, address: str, actor: User) -> Mailbox:
    """Make a draft for an address. Raises `AlreadyBegun` when the organisation has a mailbox or a draft for it."""
    _refuse_second(organisation, address)
    mailbox = Mailbox.objects.create(
        organisation=organisation, address=address, created_by=actor, state_since=clock.now()
    )
    application = Application(mailbox=mailbox, steps_done=["address"])
    application.save(force_insert=True)
    drafts.note_saved(application, "address", by=actor)
    application.save()
    changes.note(mailbox, MailboxState.DRAFT, source=Source.PERSON, by=actor)
    record("mailbox.start", actor=actor, organisation=organisation, target=mailbox)
    return mailbox


@transaction.atomic
def save_step(
    mailbox: Mailbox,
    step: str,
    data: Mapping[str, object],
    *,
    actor: User | None = None,
    seen: int | None = None,
    reason: str = "",
) -> None:
    """Keep one step's data, as its form cleaned them; another domain asks for the kind anew.

    `seen` is the saving that the page showed, `reason` why data that contradict the tax code are right all the same.
    Raises `Overtaken` when somebody else saved the step since, and `Refusal` when the registration was sent already,
    or for an address that the organisation has.
    """
    row = _draft(mailbox)
    application = row.application
    drafts.refuse_overtaken(row, step, data, seen=seen)
    address = str(data.get("address", row.address))
    if address != row.address:
        _refuse_second(row.organisation, address, but=row)
    before = mismatches.compared(application)
    done = {*application.steps_done, step}
    if address.rpartition("@")[2] != row.address.rpartition("@")[2]:
        done.discard("kind")
    is_new = step not in application.steps_done or not drafts.is_stored(row, step, data)
    for name, value in data.items():
        setattr(owner_of(name, row), name, value)
    mismatches.settle(row, before=before, reason=reason, actor=actor)
    application.steps_done = [name for name in STEPS if name in done]
    if row.problem_field in data or not row.problem_field:
        row.problem_code = row.problem = row.problem_field = ""
    if is_new:
        drafts.note_saved(application, step, by=actor)
    row.save()
    application.save()


@transaction.atomic
def submit(mailbox: Mailbox, *, actor: User, seen: int | None = None) -> None:
    """Have the registration sent to the vendor, once; who does so declares that the data are true.

    `seen` is the saving that the review showed. A second call raises `Refusal`, and so do missing steps, differences
    from the tax code that nobody settled, a plan that is bought elsewhere, and data that changed since.
    """
    row = _draft(mailbox)
    application = row.application
    _refuse_incomplete(row)
    drafts.refuse_changed(application, seen=seen)
    application.declared_by, application.declared_at = actor, clock.now()
    application.save(update_fields=["declared_by", "declared_at"])
    Mailbox.objects.filter(pk=row.pk).move(MailboxState.REGISTERING, **_WITHOUT_PROBLEM)
    changes.note(row, MailboxState.REGISTERING, source=Source.PERSON, by=actor)
    price = str(row.plan.yearly_price) if row.plan and row.plan.yearly_price is not None else ""
    record("mailbox.register", actor=actor, organisation=row.organisation, target=row, declared=True, price=price)
    enqueue("mailboxes.tasks.register", row.pk)


@transaction.atomic
def ask_at_once(
    organisation: Organisation,
    data: Mapping[str, Mapping[str, object]],
    *,
    actor: User,
    price: Decimal | None = None,
    reason: str = "",
) -> Mailbox:
    """Start a registration, fill in its steps as their forms cleaned them, and submit it: all of it or nothing.

    `price` is what the actor knows that the plan costs a year, `reason` as in `save_step`. A draft of the actor's own
    that nobody else has touched is taken up again, such as one that came back from the vendor. Raises `AlreadyBegun`
    for an address with another one, and `Refusal` for another price and for what `submit` refuses.
    """
    mailbox = _started(organisation, str(data["address"]["address"]), actor)
    for step in STEPS[1:]:
        save_step(mailbox, step, data[step], actor=actor, reason=reason)
    _refuse_other_price(_locked(mailbox.pk), price)
    submit(mailbox, actor=actor)
    return _locked(mailbox.pk)


def register(mailbox_id: int, *, client: Upstream) -> None:
    """Ask the vendor for the mailbox: the job of `submit`. Run again it does nothing while an earlier call lives."""
    with transaction.atomic(durable=True):
        mailbox = _locked(mailbox_id)
        act = acts.begin(mailbox, ActKind.REGISTRATION) if mailbox.state == MailboxState.REGISTERING else None
    if act is None:
        return
    asked = fields(mailbox)
    if address := callbacks.new_address(mailbox):
        asked["callback"] = {"url": address, "field": "data", "method": "JSON"}
    if not acts.mark(act):
        return
    try:
        casella = client.pec.register(asked)
    except UpstreamError as exc:
        _failed(mailbox, act, exc)
    else:
        _done(mailbox, act, casella, source=Source.ANSWER)


def fields(mailbox: Mailbox) -> dict[str, object]:
    """The body of POST /pec (pec.openapi.json, BodyPostPec), without the callback and what was left empty."""
    application = mailbox.application
    found: dict[str, object] = {"casella_pec": mailbox.address, "tipo_casella": mailbox.kind}
    for name in TO_VENDOR:
        value = getattr(application, name)
        if value not in (None, ""):
            found[name] = f"{value:%d/%m/%Y}" if isinstance(value, date) else value
    return found


def look_for(act: VendorAct, *, client: Upstream) -> None:
    """Look among the account's mailboxes whether a registration in doubt was done; what is not there is counted."""
    mailbox, begun = act.mailbox, clock.now()
    try:
        found = _ours(client.pec.list(), mailbox, act)
    except UpstreamError as exc:
        logger.warning("The list of mailboxes could not be read: %s", type(exc).__name__)
        return
    if found is not None:
        _done(mailbox, act, found, source=Source.POLLING)
    else:
        acts.not_found(act, begun=begun)


@transaction.atomic
def ask_again(mailbox: Mailbox, *, actor: User) -> None:
    """Go back to the data: a person's decision, when nothing was registered and nothing is under way.

    Raises `Refusal` while the mailbox may be there, since asking again might pay twice: after a lost answer the
    vendor must have been seen without it twice, and where two people order, whoever sent it does not decide.
    """
    row = _locked(mailbox.pk)
    if not may_ask_again(row):
        raise Refusal(_("It is not sure yet that the mailbox was not registered: please wait."))
    if reason := why_not_ask_again(row, actor):
        raise Refusal(reason)
    rows = VendorAct.objects.filter(mailbox=row, kind=ActKind.REGISTRATION, outcome=ActOutcome.UNCERTAIN)
    for act in rows:
        acts.end(act, ActOutcome.NOT_DONE)
    Mailbox.objects.filter(pk=row.pk).move(MailboxState.DRAFT, **_WITHOUT_PROBLEM)
    changes.note(row, MailboxState.DRAFT, source=Source.PERSON, by=actor)
    record("mailbox.ask_again", actor=actor, organisation=row.organisation, target=row)


def may_ask_again(mailbox: Mailbox) -> bool:
    """Whether it is as sure as can be that nothing was registered."""
    if mailbox.state == MailboxState.REGISTERING:
        # the vendor cannot be reached: nothing has left, and a first try has been made
        return mailbox.problem_code == Objection.UNREACHABLE.value and not acts.alive(mailbox, ActKind.REGISTRATION)
    return mailbox.state == MailboxState.UNCERTAIN and acts.absent(mailbox, ActKind.REGISTRATION) is not None


def why_not_ask_again(mailbox: Mailbox, actor: User) -> str:
    """Why this person may not have it asked for again, when others may; "" when they may."""
    if mailbox.state != MailboxState.UNCERTAIN:
        return ""
    author = mailbox.application.declared_by_id or mailbox.created_by_id
    if acts.needs_another(mailbox, author=author, actor=actor):
        return _("You have sent this registration yourself: another person has to say that it may be sent again.")
    return ""


@transaction.atomic
def lost(act: VendorAct) -> None:
    """Settle the act of a worker that died: what was not marked was not asked for, the rest is in doubt."""
    if act.marked_at is None:
        acts.end(act, ActOutcome.NOT_DONE)
    elif acts.end(act, ActOutcome.UNCERTAIN):
        _in_doubt(act.mailbox)


def doubt_restored() -> None:
    """After a restore: what waits to be asked for may have been asked for since the backup, and paid."""
    for pk in Mailbox.objects.filter(state=MailboxState.REGISTERING).values_list("pk", flat=True):
        with transaction.atomic():
            mailbox = _locked(pk)
            if mailbox.state == MailboxState.REGISTERING and not acts.alive(mailbox, ActKind.REGISTRATION):
                acts.presume(mailbox, ActKind.REGISTRATION)
                _in_doubt(mailbox)


def ring_lost() -> None:
    """Ring again for registrations that were submitted and are not under way."""
    waiting = Mailbox.objects.filter(state=MailboxState.REGISTERING)
    for pk in waiting.exclude(acts__in=VendorAct.objects.filter(outcome__isnull=True)).values_list("pk", flat=True):
        enqueue("mailboxes.tasks.register", pk)


def _locked(pk: int) -> Mailbox:
    rows = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation")
    return rows.get(pk=pk)


def _draft(mailbox: Mailbox) -> Mailbox:
    row = _locked(mailbox.pk)
    if row.state != MailboxState.DRAFT:
        raise Refusal(_("The registration was sent already: its data cannot be changed any more."))
    return row


def _refuse_incomplete(row: Mailbox) -> None:
    if missing_steps(row.application):
        raise Refusal(_("Some steps are not complete yet."))
    if mismatches.unsettled(row.application):
        raise Refusal(_("The applicant's data contradict the tax code: correct them, or say why they are right."))
    if row.plan and not row.plan.is_orderable:
        raise Refusal(_("The plan %(plan)s is not ordered here: choose another one.") % {"plan": row.plan})


def _started(organisation: Organisation, address: str, actor: User) -> Mailbox:
    """A new draft, or the actor's own with this address."""
    try:
        return start(organisation, address=address, actor=actor)
    except drafts.AlreadyBegun as exc:
        row = exc.mailbox
        is_own = row.state == MailboxState.DRAFT and row.created_by_id == actor.pk
        if not is_own or row.application.saved_steps.exclude(by=actor).exists():
            raise
        return row


def _refuse_other_price(row: Mailbox, price: Decimal | None) -> None:
    known = row.plan.yearly_price if row.plan else None
    if known == price:
        return
    if known is None:
        raise Refusal(_("The portal does not know the price of this plan: leave it out."), field="yearly_price")
    sentence = _("A year costs %(price)s euros plus VAT, as far as the portal knows: confirm this price.")
    raise Refusal(sentence % {"price": known}, field="yearly_price")


def _refuse_second(organisation: Organisation, address: str, *, but: Mailbox | None = None) -> None:
    Organisation.objects.select_for_update().get(pk=organisation.pk)  # two people at once get one draft
    rows = Mailbox.objects.kept().filter(organisation=organisation, address=address).exclude(vendor_state__in=GONE)
    for row in rows:
        if row != but:
            raise drafts.AlreadyBegun(_("Your organisation has a mailbox with this address already."), mailbox=row)


def _ours(caselle: Iterable[Casella], mailbox: Mailbox, act: VendorAct) -> Casella | None:
    """The one that our lost call made: of the same kind and name, registered since, and nobody else's here.

    The address decides; where the vendor changed the domain, the name does as long as only one has it.
    """
    since = (act.begun_at - timedelta(hours=1)).timestamp()
    name = mailbox.address.partition("@")[0].casefold()
    found = [
        casella
        for casella in caselle
        if casella.pec.partition("@")[0].casefold() == name
        and casella.kind in ("", mailbox.kind)
        and _is_for(casella, mailbox)
        and casella.times.get("registrazione", since) >= since
    ]
    taken = set(Mailbox.objects.filter(vendor_id__in=[each.id for each in found]).values_list("vendor_id", flat=True))
    free = [casella for casella in found if casella.id not in taken]
    exact = [casella for casella in free if casella.pec.casefold() == mailbox.address.casefold()]
    timed = [casella for casella in free if "registrazione" in casella.times]
    return exact[0] if exact else timed[0] if len(timed) == 1 else None


def _is_for(casella: Casella, mailbox: Mailbox) -> bool:
    """Whether it names our applicant, where it names any: two organisations may have asked for one address."""
    theirs = casella.fields.get("codice_fiscale_richiedente")
    ours = mailbox.application.codice_fiscale_richiedente
    return not (isinstance(theirs, str) and theirs.strip()) or theirs.strip().casefold() == ours.casefold()


@transaction.atomic
def _done(mailbox: Mailbox, act: VendorAct, casella: Casella, *, source: Source) -> None:
    acts.end(act, ActOutcome.DONE)
    if Mailbox.objects.filter(pk=mailbox.pk).move(MailboxState.REGISTERED, **_WITHOUT_PROBLEM):
        following.take_in(mailbox, casella, source=source)
        enqueue("mailboxes.tasks.fetch_form", mailbox.pk)


@transaction.atomic
def _failed(mailbox: Mailbox, act: VendorAct, error: UpstreamError) -> None:
    outcome = acts.outcome_of(error)
    acts.end(act, outcome, error=error)
    rows = Mailbox.objects.filter(pk=mailbox.pk)
    if outcome == ActOutcome.UNCERTAIN:
        _in_doubt(mailbox)
    elif isinstance(error, Rejected) and not acts.may_repeat(act, error):
        code = objections.to_registration(error)
        words, field = objections.words_of(error), blame.field_of(code, error)
        rows.move(MailboxState.DRAFT, problem_code=code.value, problem=words, problem_field=field)
        changes.note(mailbox, MailboxState.DRAFT, source=Source.ANSWER, words=words)
    else:
        logger.warning(
            "The vendor did nothing yet for mailbox %s (%s, status %s); it is asked again.",
            mailbox.pk,
            type(error).__name__,
            error.status,
        )
        rows.filter(state=MailboxState.REGISTERING).update(problem_code=Objection.UNREACHABLE.value)


def _in_doubt(mailbox: Mailbox) -> None:
    if Mailbox.objects.filter(pk=mailbox.pk).move(MailboxState.UNCERTAIN, **_WITHOUT_PROBLEM):
        changes.note(mailbox, MailboxState.UNCERTAIN, source=Source.US)
