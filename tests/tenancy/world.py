"""An organisation with one of everything that an address can name."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.utils import timezone

from campaigns import incidents
from campaigns.models import Choice, ContactRun, Decision, IncidentKind, Intake, Letterhead, RunKind
from campaigns.preparing import texts
from campaigns.states import Shown
from mailboxes.models import Found
from mailboxes.models.papers import PaperKind
from pecportal.organisations import members
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from pecportal.programs import register
from pecportal.programs.keys import Terms
from pecportal.registers.models import LookUp
from tests import build as kernel
from tests.campaigns import build, doubts
from tests.mailboxes import build as boxes
from tests.tenancy.routes import FIXED
from tests.webhooks import build as hooks

NAMES = (
    "Avvisi di scadenza",
    "pecmassiva",
    "Ditta Rossi",
    "ufficio@prova.example",
    "Gestionale",
)  # what pages would show of it


def populate(office: Organisation) -> dict[str, object]:
    """Make one of everything in `office`; names of objects and what an address says for each."""
    clerk, keeper = kernel.user(office, Role.PREPARER), kernel.user(office, Role.KEEPER)
    reach = members.Reach(frozenset({Role.AUDITOR}))
    invited = members.invite(office, f"nuova{office.pk}@portale.example", reach, actor=clerk)
    factor = {"name": "Chiave", "credential": {}}
    key = Authenticator.objects.create(user=clerk, type=Authenticator.Type.WEBAUTHN, data=factor)
    reach = members.Reach(frozenset({Role.LOOKUPS}))
    program, programs_key = register.make(office, "ERP", reach, terms=Terms(), actor=clerk)
    people = {
        "program": program.pk,
        "program's key": programs_key.row.pk,
        "key": key.pk,
        "member": clerk.pk,
        "invitation": invited.pk,
    }
    delivery = hooks.delivery(hooks.webhook(office, name=NAMES[-1]))
    told = {"webhook": delivery.webhook_id, "delivery": delivery.pk}
    return {**FIXED, **people, **told, **_campaigns(clerk), **_mailboxes(keeper), **_shared(clerk)}


def _campaigns(clerk: User) -> dict[str, object]:
    running = build.started(clerk, statuses=[Shown.DELIVERED, Shown.QUEUED])
    attempt = doubts.doubt(running)
    decision = Decision(attempt=attempt, choice=Choice.SENT, reason="x", evidence={}, by=clerk, at=timezone.now())
    decision.save()
    incident = incidents.tell(attempt.message, attempt, IncidentKind.SENT_TWICE)
    drafted = build.ready(clerk)
    attachment, own = build.attach(drafted), build.own_file(drafted, name="001.txt")
    intake = Intake.objects.create(campaign=drafted, name="x.zip", size=1, stored_as=f"x{drafted.pk}", by=clerk)
    sheet = build.checked(drafted)
    return {
        "campaign": running.pk,
        "sender": running.mailbox_id,
        "message": attempt.message_id,
        "decision": decision.pk,
        "incident": incident.pk,
        "drafted": drafted.pk,
        "attachment": attachment.pk,
        "own_file": own.pk,
        "intake": intake.pk,
        "sheet": sheet.pk,
        "receipt": build.unmatched(running.mailbox, "CONSEGNA: Avviso").pk,
    }


def _mailboxes(keeper: User) -> dict[str, object]:
    box = boxes.draft(keeper, address=f"tributi{keeper.pk}@pecmassiva.com")
    paper = boxes.paper(box, PaperKind.SIGNED_FORM, boxes.pdf())
    now = timezone.now() - timedelta(days=1)
    found = Found.objects.create(
        vendor_id=f"f{keeper.pk}",
        address=f"trovata{keeper.pk}@pecmassiva.com",
        organisation=boxes.office_of(keeper),
        found_at=now,
        seen_at=now,
    )
    return {"mailbox": box.pk, "paper": paper.pk, "found": found.pk}


def _shared(clerk: User) -> dict[str, object]:
    office = build.organisation_of(clerk)
    version = texts.keep(build.ready(clerk), name="Solleciti", actor=clerk)
    look_up = LookUp.objects.create(organisation=office, by=clerk, at=timezone.now())
    return {
        "contact": build.contact(clerk).pk,
        "group": build.group(clerk).pk,
        "run": ContactRun.objects.create(organisation=office, by=clerk, kind=RunKind.values[0], name="elenco.csv").pk,
        "text": version.saved_text_id,
        "version": version.pk,
        "letterhead": Letterhead.objects.create(organisation=office, name="Comune", changed_by=clerk).pk,
        "look-up": look_up.pk,
    }
