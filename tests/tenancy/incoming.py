"""Every door by which a file comes in, and how one knocks at it with any file.

A door is called after its address, and after a `/` what tells several of one address apart.
"""

import base64
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client
from django.urls import reverse

from campaigns.models import Attempt, Campaign, Letterhead
from campaigns.states import Shown
from mailboxes.models import Mailbox
from mailboxes.states import VendorState
from pecportal.organisations.models import Organisation
from pecportal.permissions import PEOPLES, Role
from tests import build as kernel
from tests.api.build import program
from tests.campaigns import build, doubts
from tests.mailboxes import build as boxes

Answer = Any


@dataclass(frozen=True, slots=True)
class House:
    """An office with what its doors belong to: a person with every role, a program with every scope."""

    person: Client
    program: Client
    draft: Campaign
    box: Mailbox
    attempt: Attempt
    letterhead: Letterhead


def house(office: Organisation) -> House:
    """All doors of which would open to a good file."""
    who = kernel.user(office, *(Role(role) for role in PEOPLES))
    robot, key = program(office)
    draft = build.ready(kernel.user(office, Role.PREPARER))
    Campaign.objects.filter(pk=draft.pk).update(created_by=robot)
    Organisation.objects.filter(pk=office.pk).update(programs_daily_limit=1000)
    box = boxes.draft(kernel.user(office, Role.KEEPER))
    Mailbox.objects.filter(pk=box.pk).update(vendor_state=VendorState.REGISTERED, vendor_id=F("pk"))
    running = build.started(kernel.user(office, Role.PREPARER), statuses=[Shown.QUEUED], name="Altri")
    head = Letterhead.objects.create(organisation=office, name="Carta", changed_by=who)
    person = Client(raise_request_exception=False)
    person.force_login(who)
    caller = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key.text}"})
    draft.refresh_from_db()
    return House(person, caller, draft, boxes.fresh(box), doubts.doubt(running), head)


Door = Callable[[House, str, bytes], Answer]


def _page(address: str, field: str, *, arguments: Callable[[House], list[Any]], **more: Any) -> Door:
    def knock(house: House, called: str, content: bytes) -> Answer:
        given = {key: value(house) if callable(value) else value for key, value in more.items()}
        upload = SimpleUploadedFile(called, content)
        return house.person.post(reverse(address, args=arguments(house)), {**given, field: upload})

    return knock


def _draft(house: House) -> list[Any]:
    return [house.draft.pk]


def _form(address: str, field: str, *, of: Callable[[House], dict[str, Any]], **more: str) -> Door:
    def knock(house: House, called: str, content: bytes) -> Answer:
        return house.program.post(
            reverse(f"api:{address}", kwargs=of(house)),
            {**more, field: SimpleUploadedFile(called, content)},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )

    return knock


def _campaign(house: House) -> dict[str, Any]:
    return {"public_id": house.draft.public_id}


def _mailbox(house: House) -> dict[str, Any]:
    return {"public_id": house.box.public_id}


def _list(content_type: str) -> Door:
    def knock(house: House, called: str, content: bytes) -> Answer:
        url = reverse("api:campaign_recipients", kwargs=_campaign(house), query={"name": called})
        return house.program.put(url, content, content_type=content_type)

    return knock


def _as_json(house: House, called: str, content: bytes) -> Answer:
    file = {"name": called, "file": base64.b64encode(content).decode()}
    return house.program.post(reverse("api:compat_send"), _letter(attachments=[file]), content_type="application/json")


def _letter(**more: Any) -> str:
    told = {"sender": kernel.ADDRESS, "recipient": "ditta@pec.example", "subject": "Avviso", "body": "Testo."}
    return json.dumps({**told, **more})


def _in_archive(door: Door) -> Door:
    def knock(house: House, called: str, content: bytes) -> Answer:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(called, content)
        return door(house, "tutti.zip", packed.getvalue())

    return knock


_MESSAGE = {"mailbox": kernel.ADDRESS, "to": "ditta@pec.example", "subject": "Avviso", "body": "Testo."}
_OWN = _page("campaigns:own", "upload", arguments=_draft)
_OF_ROWS = _form("campaign_attachments", "file", of=_campaign, column="nome")
DOORS: Mapping[str, Door] = {
    "campaigns:recipients": _page("campaigns:recipients", "file", arguments=_draft),
    "campaigns:import_contacts": _page("campaigns:import_contacts", "file", arguments=lambda house: []),
    "campaigns:attachments": _page("campaigns:attachments", "upload", arguments=_draft),
    "campaigns:own": _OWN,
    "campaigns:letterhead_new": _page(
        "campaigns:letterhead_new", "picture", arguments=lambda house: [], name="Nuova", heading="Comune", footer=""
    ),
    "campaigns:letterhead": _page(
        "campaigns:letterhead",
        "picture",
        arguments=lambda house: [house.letterhead.pk],
        name="Carta",
        heading="Comune",
        footer="",
    ),
    "campaigns:doubt": _page(
        "campaigns:doubt",
        "proof",
        arguments=lambda house: [house.attempt.message.campaign_id, house.attempt.message_id],
        choice="sent",
        reason="Vista",
        seen=lambda house: doubts.seen(house.attempt),
    ),
    "mailboxes:put_paper/signed-form": _page(
        "mailboxes:put_paper", "signed_form-file", arguments=lambda house: [house.box.pk, "signed-form"]
    ),
    "mailboxes:put_paper/identity": _page(
        "mailboxes:put_paper", "identity-file", arguments=lambda house: [house.box.pk, "identity"]
    ),
    "api:campaign_recipients/csv": _list("text/csv"),
    "api:campaign_recipients/jsonl": _list("application/x-ndjson"),
    "api:campaign_recipients/xlsx": _list("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "api:campaign_attachments/common": _form("campaign_attachments", "file", of=_campaign),
    "api:campaign_attachments/recipient": _form(
        "campaign_attachments", "file", of=_campaign, recipient="rossi@pec.example"
    ),
    "api:campaign_attachments/column": _OF_ROWS,
    "api:messages": _form("messages", "files", of=lambda house: {}, **_MESSAGE),
    "api:mailbox_documents/signed_form": _form("mailbox_documents", "signed_form", of=_mailbox),
    "api:mailbox_documents/identity": _form("mailbox_documents", "identity", of=_mailbox),
    "api:compat_send": _as_json,
}
ARCHIVES: Mapping[str, Door] = {"campaigns:own": _in_archive(_OWN), "api:campaign_attachments": _in_archive(_OF_ROWS)}
# forms with a field for a file, and the addresses that show them
FORMS = {
    "ListForm": {"campaigns:recipients"},
    "ContactsFileForm": {"campaigns:import_contacts"},
    "AttachmentForm": {"campaigns:attachments"},
    "OwnFilesForm": {"campaigns:own"},
    "LetterheadForm": {"campaigns:letterhead_new", "campaigns:letterhead"},
    "DecisionForm": {"campaigns:doubt"},
    "PaperForm": {"mailboxes:put_paper", "api:mailbox_documents"},
}


def address_of(door: str) -> str:
    """The name of a door's address."""
    return door.partition("/")[0]
