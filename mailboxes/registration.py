"""A mailbox is asked for: data gathered step by step, sent to the vendor once, found again if its answer is lost."""

import logging
from collections.abc import Mapping
from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from mailboxes import acts, callbacks, changes, following
from mailboxes.models import Application, Mailbox, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome, Source
from mailboxes.states import MailboxState
from mailboxes.steps import STEPS, missing_steps
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, UpstreamError
from pecportal.upstream.pec import Casella

logger = logging.getLogger(__name__)
NOT_SENT = frozenset({"steps_done", "mailbox"})
LOOKS = 2  # times that the vendor must not know a mailbox before a person may ask for it again


@transaction.atomic
def start(organisation: Organisation, *, address: str, actor: User) -> Mailbox:
    """Make a draft for an address. Raises `Refusal` when the organisation has one for it already."""
    if Mailbox.objects.filter(organisation=organisation, address=address).exists():
        raise Refusal(_("There is a mailbox with this address already."), field="address")
    mailbox = Mailbox.objects.create(organisation=organisation, address=address, created_by=actor)
    Application.objects.create(mailbox=mailbox, steps_done=["address"])
    changes.note(mailbox, MailboxState.DRAFT, source=Source.PERSON, by=actor)
    record("mailbox.start", actor=actor, organisation=organisation, target=mailbox)
    return mailbox


@transaction.atomic
def save_step(mailbox: Mailbox, step: str, data: Mapping[str, object]) -> None:
    """Keep one step's data, as its form cleaned them. Raises `Refusal` when the registration was sent already."""
    row = _draft(mailbox)
    application = row.application
    for name, value in data.items():
        owner = row if name in ("address", "kind", "plan") else application
        setattr(owner, name, value)
    if step in STEPS and step not in application.steps_done:
        application.steps_done = [*application.steps_done, step]
    if row.problem_field in data or not row.problem_field:
        row.problem = row.problem_field = ""
    row.save()
    application.save()


@transaction.atomic
def submit(mailbox: Mailbox, *, actor: User) -> None:
    """Have the registration sent to the vendor, once: a second call raises `Refusal`, and so do missing steps."""
    row = _draft(mailbox)
    if missing_steps(row.application):
        raise Refusal(_("Some steps are not complete yet."))
    if not Mailbox.objects.filter(pk=row.pk).move(MailboxState.REGISTERING, problem="", problem_field=""):
        raise Refusal(_("The registration was sent already."))
    changes.note(row, MailboxState.REGISTERING, source=Source.PERSON, by=actor)
    record("mailbox.register", actor=actor, organisation=row.organisation, target=row)
    enqueue("mailboxes.tasks.register", row.pk)


def register(mailbox_id: int, *, client: Upstream) -> None:
    """Ask the vendor for the mailbox: the job of `submit`. Run again it does nothing while an earlier call lives."""
    with transaction.atomic(durable=True):
        mailbox = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox_id)
        act = acts.begin(mailbox, ActKind.REGISTRATION) if mailbox.state == MailboxState.REGISTERING else None
    if act is None:
        return
    asked = fields(mailbox) | {"callback": {"url": callbacks.new_address(mailbox), "field": "data", "method": "JSON"}}
    if not acts.mark(act):
        return
    try:
        casella = client.pec.register(asked)
    except UpstreamError as exc:
        _failed(mailbox, act, exc)
    else:
        _done(mailbox, act, casella, source=Source.ANSWER)


def fields(mailbox: Mailbox) -> dict[str, object]:
    """The body of POST /pec (pec.openapi.json, BodyPostPec), without the callback."""
    application = mailbox.application
    found: dict[str, object] = {"casella_pec": mailbox.address, "tipo_casella": mailbox.kind}
    for field in Application._meta.fields:
        value = getattr(application, field.name)
        if field.name not in NOT_SENT:
            found[field.name] = value.strftime("%d/%m/%Y") if isinstance(value, date) else value
    return {name: value for name, value in found.items() if value is not None}


def look_for(act: VendorAct, *, client: Upstream) -> None:
    """Look among the account's mailboxes whether a registration in doubt was done; what is not there is counted."""
    mailbox = act.mailbox
    try:
        found = next((casella for casella in client.pec.list() if _is_ours(casella, mailbox, act)), None)
    except UpstreamError as exc:
        logger.warning("The list of mailboxes could not be read: %s", type(exc).__name__)
        return
    if found is not None:
        _done(mailbox, act, found, source=Source.POLLING)
    else:
        acts.not_found(act)


@transaction.atomic
def ask_again(mailbox: Mailbox, *, actor: User) -> None:
    """Go back to the data after a lost answer, when the vendor was seen without the mailbox twice; a person's decision.

    Raises `Refusal` before that: the mailbox may be there, and asking again might pay twice.
    """
    doubts = VendorAct.objects.filter(mailbox=mailbox, kind=ActKind.REGISTRATION, outcome=ActOutcome.UNCERTAIN)
    act = doubts.select_for_update().first()
    if act is None or act.looks < LOOKS:
        raise Refusal(_("It is not sure yet that the mailbox was not registered: please wait."))
    acts.end(act, ActOutcome.NOT_DONE)
    Mailbox.objects.filter(pk=mailbox.pk).move(MailboxState.DRAFT)
    changes.note(mailbox, MailboxState.DRAFT, source=Source.PERSON, by=actor)
    record("mailbox.ask_again", actor=actor, organisation=mailbox.organisation, target=mailbox)


@transaction.atomic
def lost(act: VendorAct) -> None:
    """Settle the act of a worker that died: what was not marked was not asked for, the rest is in doubt."""
    if act.marked_at is None:
        acts.end(act, ActOutcome.NOT_DONE)
        return
    if acts.end(act, ActOutcome.UNCERTAIN):
        _in_doubt(act.mailbox)


def ring_lost() -> None:
    """Ring again for registrations that were submitted and are not under way."""
    waiting = Mailbox.objects.filter(state=MailboxState.REGISTERING)
    for pk in waiting.exclude(acts__in=VendorAct.objects.filter(outcome__isnull=True)).values_list("pk", flat=True):
        enqueue("mailboxes.tasks.register", pk)


def _draft(mailbox: Mailbox) -> Mailbox:
    rows = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation")
    row = rows.get(pk=mailbox.pk)
    if row.state != MailboxState.DRAFT:
        raise Refusal(_("The registration was sent already: its data cannot be changed any more."))
    return row


def _is_ours(casella: Casella, mailbox: Mailbox, act: VendorAct) -> bool:
    """The same address; or, since the vendor may change the domain, the same name registered after we asked."""
    if casella.pec.casefold() == mailbox.address.casefold():
        return True
    same_name = casella.pec.partition("@")[0].casefold() == mailbox.address.partition("@")[0].casefold()
    asked_at = (act.begun_at - timedelta(minutes=5)).timestamp()
    return same_name and casella.times.get("registrazione", 0) >= asked_at


@transaction.atomic
def _done(mailbox: Mailbox, act: VendorAct, casella: Casella, *, source: Source) -> None:
    acts.end(act, ActOutcome.DONE)
    if Mailbox.objects.filter(pk=mailbox.pk).move(MailboxState.REGISTERED, problem="", problem_field=""):
        following.take_in(mailbox, casella, source=source)
        enqueue("mailboxes.tasks.fetch_form", mailbox.pk)


@transaction.atomic
def _failed(mailbox: Mailbox, act: VendorAct, error: UpstreamError) -> None:
    outcome = acts.outcome_of(error)
    acts.end(act, outcome, error=error)
    if outcome == ActOutcome.UNCERTAIN:
        _in_doubt(mailbox)
    elif isinstance(error, Rejected):
        field = _field_named(error.message)
        problem = refusal_sentence(error)
        Mailbox.objects.filter(pk=mailbox.pk).move(MailboxState.DRAFT, problem=problem, problem_field=field)
        changes.note(mailbox, MailboxState.DRAFT, source=Source.ANSWER, words=problem)
    else:
        logger.warning("The vendor could not be reached for mailbox %s; it is asked again.", mailbox.pk)


def _in_doubt(mailbox: Mailbox) -> None:
    if Mailbox.objects.filter(pk=mailbox.pk).move(MailboxState.UNCERTAIN):
        changes.note(mailbox, MailboxState.UNCERTAIN, source=Source.US)


def refusal_sentence(error: Rejected) -> str:
    """The vendor's refusal as a sentence for the clerk; the vendor's own words at the end."""
    by_status = {
        401: _("The provider does not accept the portal's own account. Please tell whoever runs the portal."),
        402: _("The portal's account at the provider has not enough credit. Please tell whoever runs the portal."),
        404: _("The provider does not know the address's domain, or it belongs to somebody else."),
        406: _("The provider does not accept a value."),
        428: _("The provider misses a value, or the mailbox is in another state than the portal thinks."),
    }
    sentence = by_status.get(error.status or 0, _("The provider refused."))
    words = _("Its words: “%(words)s”") % {"words": error.message} if error.message else ""
    return f"{sentence} {words}".strip()


def _field_named(words: str) -> str:
    """The vendor's field that its words begin with or name, "" where they name none."""
    names = {field.name for field in Application._meta.fields} - NOT_SENT | {"casella_pec", "tipo_casella"}
    found = next((word.strip(".,:;'\"") for word in words.split() if word.strip(".,:;'\"") in names), "")
    return {"casella_pec": "address", "tipo_casella": "kind"}.get(found, found)
