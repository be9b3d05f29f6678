"""Mailboxes on their way, as far along as a test needs them, and papers of every sort."""

import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pillow_heif
from django.db.models import F
from django.utils import timezone
from PIL import Image, ImageDraw, ImageFilter
from pypdf import PdfWriter

from mailboxes import activation, examining, gathering, papers, registration
from mailboxes.gathering import Gathered
from mailboxes.models import HandIn, Mailbox, Paper, Plan, VendorAct
from mailboxes.models.papers import PaperKind
from pecportal import vendor as vendors
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build
from tests.jobs import Jobs

ADDRESS = "ufficio.tributi@pecmassiva.com"
APPLICANT: dict[str, Any] = {
    "nome_richiedente": "Maria",
    "cognome_richiedente": "Rossi",
    "codice_fiscale_richiedente": "RSSMRA82D51H501H",
    "data_nascita_richiedente": date(1982, 4, 11),
    "sesso_richiedente": "F",
    "nazione_nascita_richiedente": "IT",
    "provincia_nascita_richiedente": "RM",
    "comune_nascita_richiedente": "Roma",
    "email": "maria.rossi@portale.example",
    "telefono": "06 0000000",
    "cellulare": "",
}
HOLDER: dict[str, Any] = {
    "tipo_cliente": "PL",
    "sottotipo_cliente": "LC",
    "sottotipo_cliente_altro": "",
    "denominazione_titolare": "Comune di Prova",
    "cf_piva_titolare": "07973780013",
    "indirizzo_titolare": "Via di Esempio 20",
    "cap_titolare": "00100",
    "comune_titolare": "Roma",
    "provincia_titolare": "RM",
    "nazione_titolare": "IT",
}


def keeper(where: Organisation | None = None) -> User:
    """A person who may get mailboxes and enter their credentials."""
    return build.user(where or build.organisation(), Role.KEEPER)


def office_of(person: User) -> Organisation:
    """Where a person works."""
    return Organisation.objects.filter(memberships__user=person).distinct().get()


def plan() -> Plan:
    """The plan that most have, with its price."""
    facts: dict[str, Any] = {"daily_limit": 3500, "yearly_price": Decimal(99), "message_price": Decimal("0.05")}
    facts["prices_noted_on"] = date(2020, 1, 31)
    found, _made = Plan.objects.get_or_create(name="PEC Massiva Standard", defaults=facts)
    return found


def typed(data: dict[str, Any], **others: Any) -> dict[str, str]:
    """A step's data as a browser sends them."""
    found = data | others
    return {name: f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value) for name, value in found.items()}


def kind(**others: Any) -> dict[str, Any]:
    """The data of the second step."""
    return {"kind": "PECMASSIVA", "plan": plan(), "autorinnovo": False} | others


def draft(actor: User | None = None, *, address: str = ADDRESS, **changes: Any) -> Mailbox:
    """A draft with all its steps; `changes` are fields of its application."""
    actor = actor or keeper()
    box = registration.start(office_of(actor), address=address, actor=actor)
    registration.save_step(box, "kind", kind())
    registration.save_step(box, "applicant", APPLICANT | changes)
    registration.save_step(box, "holder", HOLDER)
    return fresh(box)


def submitted(actor: User | None = None, **others: Any) -> Mailbox:
    """A draft that was sent, and whose job waits."""
    box = draft(actor, **others)
    registration.submit(box, actor=box.created_by)
    return fresh(box)


def registered(jobs: Jobs, actor: User | None = None, **others: Any) -> Mailbox:
    """A mailbox that the vendor knows, with its form."""
    box = submitted(actor, **others)
    jobs.run()
    return fresh(box)


def handed_in(box: Mailbox) -> HandIn:
    """Good papers of a registered mailbox, whose job waits."""
    gathered(box)
    return activation.hand_in(box, actor=box.created_by)


def gathered(
    box: Mailbox,
    *,
    form: bytes | None = None,
    identity: bytes | None = None,
    names: tuple[str, str] = ("modulo.pdf", "carta.jpg"),
) -> Gathered:
    """Papers that wait to be handed in."""
    for kind, name, data in (
        (PaperKind.SIGNED_FORM, names[0], form or pdf()),
        (PaperKind.IDENTITY, names[1], identity or picture()),
    ):
        gathering.put(box, kind, name=name, data=data, actor=box.created_by)
    return gathering.gathered(box)


def paper(
    box: Mailbox, kind: PaperKind, data: bytes, *, name: str = "modulo.pdf", hand_in: HandIn | None = None
) -> Paper:
    """A paper that is kept, without having been looked at."""
    with papers.shelf() as shelf:
        return papers.keep(box, kind, shelf.put(data), name=name, hand_in=hand_in)


def fresh(box: Mailbox) -> Mailbox:
    """The row as it is now."""
    return Mailbox.objects.select_related("organisation", "application").get(pk=box.pk)


def register(box: Mailbox) -> None:
    """The job of a registration."""
    registration.register(box.pk, client=vendors.connect())


def age(minutes: float = 4) -> None:
    """Let the looks for doubts, and the readings of states, be due again, and have calls left so much earlier."""
    span = timedelta(minutes=minutes)
    VendorAct.objects.update(looked_at=F("looked_at") - span, marked_at=F("marked_at") - span)
    Mailbox.objects.exclude(refresh_at=None).update(refresh_at=timezone.now() - timedelta(minutes=1))


def long_ago(vendor: Sandbox) -> None:
    """Have the vendor's mailboxes be last changed a month ago."""
    for box in vendor.mailboxes():
        box.times = {name: at - timedelta(days=30) for name, at in box.times.items()}


def expire_leases() -> None:
    """As if the workers had died long ago."""
    VendorAct.objects.update(leased_until=timezone.now() - timedelta(minutes=1))


def picture(
    width: int = 900, height: int = 1200, *, kind: str = "JPEG", mode: str = "RGB", colour: Any = "white", turn: int = 0
) -> bytes:
    """A picture; `turn` is its EXIF orientation."""
    out = io.BytesIO()
    exif = Image.Exif()
    if turn:
        exif[0x0112] = turn
    Image.new(mode, (width, height), colour).save(out, kind, exif=exif)
    return out.getvalue()


def text_picture(width: int = 1700, height: int = 2300, *, blur: float = 0, paper: str = "white") -> bytes:
    """A photograph of a written page; `blur` is a radius in pixels."""
    picture = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(picture)
    for line in range(20):
        draw.text(
            (width // 12, height // 12 + line * 60), "Il sottoscritto chiede l'attivazione", "black", font_size=40
        )
    out = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(blur)).save(out, "JPEG", quality=80)
    return out.getvalue()


def heic(width: int = 900, height: int = 1200) -> bytes:
    """A picture as telephones make them."""
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (width, height), "white")).save(out)
    return out.getvalue()


def pdf(pages: int = 1, *, password: str | None = None, owner: str | None = None) -> bytes:
    """A PDF of empty pages; `password` opens it, `owner` only locks it against changes."""
    writer, out = PdfWriter(), io.BytesIO()
    for _page in range(pages):
        writer.add_blank_page(width=595, height=842)
    if password is not None or owner is not None:
        writer.encrypt(password or "", owner, algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


def merged(*files: bytes) -> bytes:
    """One PDF of these files."""
    return examining.merged([(f"file{number}", data) for number, data in enumerate(files)])[0]
