"""The main job, done through the functions that the browser's pages call: from a free address to the last receipt."""

import io
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw

from campaigns import readiness
from campaigns.models import Campaign, Message, Sheet
from campaigns.preparing import attachments, drafts, preflight, recipients, writing
from campaigns.sending import launch
from campaigns.states import CampaignState, SheetState, Shown
from campaigns.tracking import progress as counting
from mailboxes import activation, credentials, following, gathering, papers, registration
from mailboxes.models import Mailbox, Plan
from mailboxes.models.papers import PaperKind
from mailboxes.states import CredentialsState, Kind, MailboxState
from pecportal import vendor as vendors
from pecportal.demo import vendor
from pecportal.demo.progress import Progress
from pecportal.organisations.models import Organisation, User

EXAMPLES = settings.BASE_DIR / "docs" / "examples"
ADDRESS = "ufficio.esempio@pecmassiva.com"
SUBJECT = "Avviso di pagamento {{ numero }}"
BODY = (
    "<p>Gentile {{ denominazione }},</p>\n"
    "<p>le comunichiamo che l'avviso n. {{ numero }}, di importo pari a {{ importo }} euro, "
    "scade il {{ scadenza }}.</p>\n<p>In allegato le modalità di pagamento.</p>\n<p>Cordiali saluti</p>"
)
PATIENCE = 240.0  # real seconds for each part of the story


class StoryFailed(Exception):
    """Something that should have come about did not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the campaign stands, and what differs from what the vendor had planned."""

    campaign: Campaign
    counts: list[tuple[str, int]]
    differences: list[str]


def mailbox(office: Organisation, clerk: User, tell: Progress) -> Mailbox:
    """Register a mailbox, hand its documents in, see it become active, and enter its credentials."""
    tell.say(f"Registering the mailbox {ADDRESS} …")
    box = registration.start(office, address=ADDRESS, actor=clerk)
    for step, data in _application().items():
        registration.save_step(box, step, data)
    registration.submit(box, actor=clerk)
    _until(lambda: _reload(box).state == MailboxState.REGISTERED, "the mailbox is registered")
    client = vendors.connect()
    form = activation.fetch_form(box, client=client)
    tell.say(f"Activation form fetched ({form.size} bytes); handing it in with an identity document …")
    signed, identity = papers.contents(form), _identity_document()
    gathering.put(box, PaperKind.SIGNED_FORM, name="modulo-firmato.pdf", data=signed, actor=clerk)
    gathering.put(box, PaperKind.IDENTITY, name="documento.jpg", data=identity, actor=clerk)
    activation.hand_in(box, actor=clerk)
    _until(lambda: _is_active(box), "the mailbox is active")
    password = vendor.password_of(settings.OPENAPI_PEC_URL, _reload(box).address)
    credentials.enter(box, username=box.address, password=password, actor=clerk)
    if credentials.test(box, client=client) != CredentialsState.GOOD:
        raise StoryFailed("The mailbox's credentials do not work.")
    tell.say("The mailbox is active, and its credentials work.")
    return _reload(box)


def campaign(office: Organisation, clerk: User, box: Mailbox, tell: Progress) -> Campaign:
    """Prepare a campaign from the example list and start it."""
    draft = drafts.create(office, name="Avvisi di pagamento", mailbox=box, actor=clerk)
    draft = recipients.upload(draft, EXAMPLES / "destinatari.csv", name="destinatari.csv", actor=clerk)
    draft = writing.save(draft, subject=SUBJECT, body=BODY, actor=clerk)
    attachments.add(draft, EXAMPLES / "informazioni.pdf", name="informazioni.pdf", actor=clerk)
    blocking = [str(finding.sentence) for finding in readiness.check(draft) if finding.blocks]
    if blocking:
        raise StoryFailed(f"The campaign cannot start: {'; '.join(blocking)}")
    tell.say(f"Checking and starting a campaign to {draft.recipients_total} recipients, with an attachment …")
    sheet = preflight.ask(draft, actor=clerk)
    _until(lambda: Sheet.objects.filter(pk=sheet.pk, state=SheetState.READY).exists(), "the campaign is checked")
    sheet.refresh_from_db()
    launch.launch(draft, actor=clerk, seen=sheet.sha256)
    return draft


def follow(sent: Campaign, tell: Progress) -> Outcome:
    """Watch the campaign until every message has the status that the vendor had planned, or nothing moves any more."""
    names = list(sent.recipients.values_list("address", flat=True))
    plan = vendor.planned(settings.OPENAPI_MASSIVA_URL, names)
    until = time.monotonic() + PATIENCE
    while True:
        now = counting.of(sent)
        gone = now.total - now.count(Shown.QUEUED) - now.count(Shown.SENDING)
        tell.bar("sent", gone, len(names))
        if gone >= len(names) or time.monotonic() > until:
            break
        time.sleep(0.5)
    tell.say("")
    while (differing := _differences(sent, plan)) and time.monotonic() < until:
        tell.bar("at their end", len(names) - len(differing), len(names))
        time.sleep(1.0)
    tell.bar("at their end", len(names) - len(differing), len(names))
    tell.say("")
    found = dict(Message.objects.filter(campaign=sent).values_list("recipient", "status"))
    counts = Counter(found.values())
    labels = [(str(status.label), counts[status.value]) for status in Shown if counts[status.value]]
    doubled = [
        f"{name}: taken {n} times" for name, n in vendor.times_taken(settings.OPENAPI_MASSIVA_URL).items() if n > 1
    ]
    return Outcome(sent, labels, [*differing, *doubled])


def _differences(sent: Campaign, plan: dict[str, str]) -> list[str]:
    found = dict(Message.objects.filter(campaign=sent).values_list("recipient", "status"))
    wrong = [
        f"{name}: {found.get(name, 'missing')}, planned {status}"
        for name, status in plan.items()
        if found.get(name) != status
    ]
    if not wrong and not Campaign.objects.filter(pk=sent.pk, state=CampaignState.COMPLETED).exists():
        return ["the campaign is not complete"]
    return wrong


def _application() -> dict[str, dict[str, object]]:
    plan = Plan.objects.get(name="PEC Massiva Standard")
    return {
        "kind": {"kind": Kind.MASSIVE, "plan": plan, "autorinnovo": False},
        "applicant": {
            "nome_richiedente": "Maria",
            "cognome_richiedente": "Rossi",
            "codice_fiscale_richiedente": "RSSMRA82D51H501H",
            "data_nascita_richiedente": date(1982, 4, 11),
            "sesso_richiedente": "F",
            "nazione_nascita_richiedente": "IT",
            "comune_nascita_richiedente": "Roma",
            "provincia_nascita_richiedente": "RM",
            "email": "maria.rossi@portale.example",
            "telefono": "0600000000",
        },
        "holder": {
            "tipo_cliente": "PV",
            "indirizzo_titolare": "Via di Esempio 20",
            "comune_titolare": "Roma",
            "cap_titolare": "00100",
            "provincia_titolare": "RM",
            "nazione_titolare": "IT",
        },
    }


def _identity_document() -> bytes:
    """A picture that stands for a scanned document; nobody's."""
    picture = Image.new("RGB", (1240, 860), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 40, 1200, 820), outline="navy", width=6)
    draw.text(
        (120, 160),
        "FAC-SIMILE\n\nDocumento d'identita' di esempio\nMaria Rossi\n\nSenza alcun valore",
        "black",
        font_size=48,
    )
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _reload(box: Mailbox) -> Mailbox:
    box.refresh_from_db()
    return box


def _is_active(box: Mailbox) -> bool:
    """Whether it became active; the state is also asked for here, as its page's button does."""
    if not _reload(box).is_active and time.monotonic() % 4 < 1:
        following.refresh(box.pk, client=vendors.connect())
    return _reload(box).is_active


def _until(is_true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not is_true():
        if time.monotonic() > until:
            raise StoryFailed(f"It did not come about that {what}.")
        time.sleep(0.5)


def logs(folder: Path) -> str:
    """The last lines of every process's log, for a story that failed."""
    tails = {log.name: log.read_text(errors="replace").splitlines()[-15:] for log in sorted(folder.glob("*.log"))}
    return "\n".join(f"--- {name}\n" + "\n".join(lines) for name, lines in tails.items())
