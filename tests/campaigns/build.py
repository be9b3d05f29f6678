"""Valid campaigns, as far along as a test needs them."""

import tempfile
from collections.abc import Sequence
from email.utils import format_datetime
from pathlib import Path

from django.core.files.storage import default_storage
from django.utils import timezone

from campaigns import references
from campaigns.models import (
    Attachment,
    Attempt,
    Campaign,
    Contact,
    ContactGroup,
    Message,
    MessageContent,
    OwnFile,
    Receipt,
    Sheet,
)
from campaigns.preparing import attachments, contacts, drafts, own, preflight, recipients, writing
from campaigns.sending import launch
from campaigns.states import CampaignState, MessageState, Outcome, Phase, Shown
from campaigns.tracking import intake
from mailboxes.models import Mailbox
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from pecportal.upstream.inbox import InboxItem
from tests import build

SUBJECT = "Avviso per {{ nome }}"
BODY = "<p>Gentile {{ nome }},</p>\n<p>la informiamo che la pratica è pronta.</p>"
CSV = "nome;pec\nDitta Rossi;rossi@pec.example\nDitta Bianchi;bianchi@pec.example\nDitta Verdi;verdi@pec.example\n"


def clerk(organisation: Organisation | None = None) -> User:
    """A person who prepares and starts campaigns in an organisation."""
    return build.user(organisation or build.organisation(), Role.PREPARER)


def draft(actor: User | None = None, *, mailbox: Mailbox | None = None, name: str = "Avvisi di scadenza") -> Campaign:
    """A draft with a name and a sender, and nothing else."""
    actor = actor or clerk()
    organisation = organisation_of(actor)
    return drafts.create(organisation, name=name, mailbox=mailbox or sender(organisation), actor=actor)


def sender(organisation: Organisation) -> Mailbox:
    """A mailbox of the organisation that may send."""
    existing = [box for box in Mailbox.objects.filter(organisation=organisation) if box.why_not() is None]
    return existing[0] if existing else build.mailbox(organisation)


def organisation_of(actor: User) -> Organisation:
    """Where a person works."""
    return actor.memberships.select_related("organisation").get().organisation


def upload(campaign: Campaign, content: str | bytes, *, name: str = "elenco.csv", column: str = "") -> Campaign:
    """Give a draft a list, through the work function."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return recipients.upload(campaign, path, name=name, column=column, actor=campaign.created_by)


def attach(campaign: Campaign, content: bytes = b"Allegato.\n", *, name: str = "nota.txt") -> Attachment:
    """Give a draft a file, through the work function."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        return attachments.add(campaign, path, name=name, actor=campaign.created_by)


def own_file(campaign: Campaign, content: bytes = b"Fattura.\n", *, name: str) -> OwnFile:
    """Give a draft a file for one recipient, through the work function."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        return own.add(campaign, path, name=name, actor=campaign.created_by)


def path(file: Attachment | OwnFile) -> Path:
    """Where a file's bytes are, in the tests' folder."""
    return Path(default_storage.path(file.stored_as))


def attach_to(campaign: Campaign, content: bytes = b"Allegato.\n", *, name: str = "nota.txt") -> Attachment:
    """Give a campaign that is no draft any more a file."""
    state = campaign.state
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.DRAFT)
    file = attach(campaign, content, name=name)
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    return file


def ready(actor: User | None = None, *, csv: str = CSV, subject: str = SUBJECT, body: str = BODY) -> Campaign:
    """A draft that may be started."""
    campaign = upload(draft(actor), csv)
    return writing.save(campaign, subject=subject, body=body, actor=campaign.created_by)


def checked(campaign: Campaign) -> Sheet:
    """The sheet of a campaign's check before sending, made now."""
    sheet = preflight.ask(campaign, actor=campaign.created_by)
    preflight.make(sheet.pk)
    sheet.refresh_from_db()
    return sheet


def launched(campaign: Campaign) -> Campaign:
    """The campaign checked, started, and made ready: it runs, or waits for its time."""
    launch.launch(campaign, actor=campaign.created_by, seen=checked(campaign).sha256)
    launch.freeze(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def started(actor: User | None = None, *, statuses: Sequence[Shown] = (), name: str = "Avvisi di scadenza") -> Campaign:
    """A running campaign with one message for each status, in the order of the list."""
    campaign = draft(actor, name=name)
    now = timezone.now()
    Campaign.objects.filter(pk=campaign.pk).update(
        state=CampaignState.RUNNING,
        subject=SUBJECT,
        body=BODY,
        columns=["nome", "pec"],
        list_name="elenco.csv",
        recipients_total=len(statuses),
        launched_by=campaign.created_by,
        launched_at=now,
    )
    campaign.refresh_from_db()
    for line, status in enumerate(statuses, 2):
        message(campaign, line=line, status=status)
    return campaign


OURS = {
    Shown.QUEUED: MessageState.QUEUED,
    Shown.SENDING: MessageState.SENDING,
    Shown.UNCERTAIN: MessageState.UNCERTAIN,
    Shown.FAILED: MessageState.FAILED,
    Shown.CANCELLED: MessageState.CANCELLED,
}
ENDS = {Shown.UNCERTAIN: Outcome.UNCERTAIN, Shown.FAILED: Outcome.NOT_SENT}


def message(campaign: Campaign, *, line: int = 2, status: Shown = Shown.QUEUED, recipient: str = "") -> Message:
    """A message with a status, its content, and its attempt if it had one."""
    row = Message.objects.create(
        campaign=campaign,
        mailbox=campaign.mailbox,
        line=line,
        recipient=recipient or f"ditta{line}@pec.example",
        ref=references.new(),
        state=OURS.get(status, MessageState.SUBMITTED),
        status=status,
        sent_at=None if status in OURS else timezone.now(),
    )
    MessageContent.objects.create(
        message=row,
        subject=f"Avviso per Ditta {line}",
        body=f"<p>Gentile Ditta {line},</p>",
        values={"nome": f"Ditta {line}", "pec": row.recipient},
        payload_sha256="0" * 64,
    )
    if status not in (Shown.QUEUED, Shown.CANCELLED, Shown.SENDING):
        attempt(row, outcome=ENDS.get(status, Outcome.ACCEPTED))
    return row


def attempt(row: Message, *, outcome: Outcome = Outcome.ACCEPTED, answer: str = "") -> Attempt:
    """An attempt that ended."""
    now = timezone.now()
    accepted = outcome == Outcome.ACCEPTED
    return Attempt.objects.create(
        message=row,
        mailbox=row.mailbox,
        n=row.attempts.count() + 1,
        ref=references.of_attempt(row.ref, row.attempts.count() + 1),
        fence=1,
        phase=Phase.WIRE,
        outcome=outcome,
        leased_until=now,
        claimed_at=now,
        marked_at=now,
        ended_at=now,
        code=f"{row.pk:016d}" if accepted else "",
        answer_status=201 if accepted else None,
        answer=answer,
    )


def receipt(row: Message, kind: str, *, cause: str = "", reason: str = "", body: str = "") -> Receipt:
    """A receipt of a message's last attempt."""
    now = timezone.now()
    last = row.attempts.last()
    return Receipt.objects.create(
        mailbox=row.mailbox,
        message=row,
        attempt=last,
        identity=f"{row.pk}-{kind}-{row.receipts.count()}",
        kind=kind,
        sender="posta-certificata@gestore.example",
        subject=f"{kind}: Avviso Rif. {row.ref}",
        date_text="Wed, 25 Nov 2026 10:00:00 +0100",
        at=now,
        cause=cause,
        reason=reason,
        body=body,
        raw="{}",
        seen_at=now,
    )


def item(
    subject: str, *, body: str = "", date: str = "", sender: str = "posta-certificata@gestore.example"
) -> InboxItem:
    """A mail of an inbox as the vendor tells it; dated now unless said."""
    written = date or format_datetime(timezone.now())
    return InboxItem(None, sender, "ufficio@prova.example", written, subject, body, b"{}")


def unmatched(mailbox: Mailbox, subject: str, *, body: str = "", date: str = "") -> Receipt:
    """An item that no rule could give to a message, taken in as the tracker does."""
    intake.take(mailbox, [item(subject, body=body, date=date)])
    return Receipt.objects.filter(mailbox=mailbox).latest("pk")


def contact(
    actor: User, *, address: str = "rossi@pec.example", name: str = "Ditta Rossi", groups: Sequence[ContactGroup] = ()
) -> Contact:
    """Somebody in the address book of the organisation in which a person works."""
    entry = contacts.Entry(address, name, "", {"settore": "scuole"})
    return contacts.save(organisation_of(actor), entry, groups=groups, actor=actor)


def group(actor: User, name: str = "Scuole") -> ContactGroup:
    """A group of that address book."""
    return contacts.make_group(organisation_of(actor), name, actor=actor)
