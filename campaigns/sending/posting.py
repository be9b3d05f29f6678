"""Single messages, posted one by one by a program or a person: frozen, and on their way, as soon as they are taken.

Those of one sender, from one mailbox, on one day, are a campaign of their own (a stream), which the pump, the tracker
and the proofs know like any other. It has no list, no check and no undo: whoever posts has done that already. The
journal tells when such a campaign begins; each message is a row of it, with no entry of its own in the chain, for which
all would wait.
"""

import secrets
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Final

from django.conf import settings
from django.db import Error, IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from campaigns import addresses, approvals, files, references, sentences, text
from campaigns.frozen import payload_hash
from campaigns.models import (
    Campaign,
    Message,
    MessageContent,
    Origin,
    OwnFile,
    OwnLink,
    Posted,
    SendingLane,
    history,
    news,
)
from campaigns.states import CampaignState
from mailboxes.models import Mailbox
from pecportal import antivirus, clock, database, stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation import deployment
from pecportal.organisations.models import Organisation, User
from pecportal.queue import enqueue

MOST_FILES: Final = 30
LONGEST_REFERENCE: Final = 200
_turns: Final[defaultdict[int, Lock]] = defaultdict(Lock)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to go with a message: where its bytes are now, and what its sender calls it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was looked into and stored."""

    found: files.Sniffed
    stored_as: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it was given: `body` is HTML, in which braces are braces; no merge field is looked for.

    `files` are as `kept` gave them, within its block.
    """

    to: str
    subject: str
    body: str
    files: Sequence[Kept] = ()
    client_reference: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """A letter whose address, subject and text may be sent as they are here; `body` is cleaned."""

    letter: Letter
    to: str
    subject: str
    body: str


@contextmanager
def kept(uploads: Sequence[Upload], *, mailbox: Mailbox, actor: User) -> Iterator[list[Kept]]:
    """Look into files and store them, outside of any transaction; at the end those go that no message took.

    Raises `Refusal` when there are files and nothing may be sent, and at the field `files` when one may not, or they do
    not fit into one message.
    """
    if not uploads:
        yield []
        return
    _ready(mailbox)
    found: list[Kept] = []
    is_told = True
    try:
        found += (_keep(upload, mailbox, actor) for upload in uploads[: MOST_FILES + 1])
        _fit(found)
        yield found
    except Error as exc:
        is_told = not database.is_away(exc)
        raise
    finally:
        if is_told:  # otherwise nobody knows whether a message took them: they stay
            _discard_untaken(found)


def _discard_untaken(found: Sequence[Kept]) -> None:
    names = [each.stored_as for each in found]
    taken = set(OwnFile.objects.filter(stored_as__in=names).values_list("stored_as", flat=True)) if names else set()
    for name in names:
        if name not in taken:
            stored.discard(name)


def turn(office: Organisation) -> AbstractContextManager[object]:
    """Where a thread waits until no other of this process posts for `office`.

    All who post there wait for each other in the database anyway, by the organisation's row. A thread that waits here
    leaves the interpreter to the one that is at work, which would otherwise wait for it at each of its statements.
    """
    return _turns[office.pk]


def post(mailbox: Mailbox, letter: Letter, *, actor: User) -> Message:
    """Take one message in, to be sent from `mailbox` in its turn: once this is committed, it is not lost.

    Called twice it makes two messages: whoever may repeat a call has to know by a key of its own. Raises `Refusal`,
    with its field (`mailbox`, `to`, `subject`, `body`, `client_reference`) where it has one.
    """
    (message,) = post_each(mailbox, [read(letter)], actor=actor)
    return message


def read(letter: Letter) -> Read:
    """Look at a letter before anything waits for it. Raises `Refusal` as `post` does."""
    try:
        to = addresses.parse(letter.to)
        subject, body = text.verbatim(letter.subject, letter.body)
    except addresses.AddressProblem as exc:
        raise Refusal(sentences.of_address(exc), field="to") from exc
    except text.TextProblem as exc:
        raise Refusal(sentences.of_text(exc), field=exc.place or "body") from exc
    if len(letter.client_reference) > LONGEST_REFERENCE or not letter.client_reference.isprintable():
        words = {"most": LONGEST_REFERENCE}
        raise Refusal(
            _("The reference has at most %(most)s characters, all of them visible.") % words, field="client_reference"
        )
    return Read(letter, to, subject, body)


def post_each(mailbox: Mailbox, letters: Sequence[Read], *, actor: User, code: str = "") -> list[Message]:
    """Take in several, all or none. `code`: see `Posted`. Raises as `post` does.

    Where there are files, whether `mailbox` may send was asked by `kept`, and is asked again: they take a while. The
    caller has read its row since.
    """
    _ready(mailbox)
    with transaction.atomic(savepoint=False):
        # what the office allows, one at a time
        office = Organisation.objects.select_for_update().get(pk=mailbox.organisation_id)
        stream = _stream(mailbox, actor)
        first = stream.recipients_total + 1
        _may_post(office, actor, count=len(letters), day=stream.stream_day)
        Campaign.objects.filter(pk=stream.pk).update(recipients_total=stream.recipients_total + len(letters))
        made = _insert(stream, mailbox, first, letters, code)
        if not SendingLane.objects.filter(pk=mailbox.pk, leased_until__gt=clock.database_now()).exists():
            enqueue("campaigns.tasks.pump")  # otherwise one is there, and looks for more
        return made


def new_code(office: Organisation) -> str:
    """A code in the vendor's form for what is posted next: the time in Italy and four digits; no other's in `office`.

    The caller holds the transaction in which it is used: two of `office` that come at once wait for each other.
    """
    Organisation.objects.select_for_update().get(pk=office.pk)
    while True:
        code = f"{timezone.localtime(clock.now()):%Y%m%d%H%M%S}{secrets.randbelow(10**4):04}"
        if not Posted.objects.filter(organisation=office, code=code).exists():
            return code


def _ready(mailbox: Mailbox) -> None:
    if why := deployment.why_off():
        raise Refusal(deployment.sentence(why))
    if reason := mailbox.why_not():
        raise Refusal(reason, field="mailbox")


def _keep(upload: Upload, mailbox: Mailbox, actor: User) -> Kept:
    try:
        found = files.sniff(upload.path, name=upload.name, seconds=settings.UPLOAD_SECONDS)
    except files.FileProblem as exc:
        raise Refusal(f"{files.shown_name(upload.name)}: {sentences.of_file(exc)}", field="files") from exc
    whose = mailbox.organisation
    antivirus.admit(upload.path, name=found.name, field="files", actor=actor, organisation=whose, target=mailbox)
    stored_as = f"own/{uuid.uuid4().hex}"
    with upload.path.open("rb") as source:
        stored.keep(stored_as, source)
    return Kept(found, stored_as)


def _fit(found: Sequence[Kept]) -> None:
    if len(found) > MOST_FILES:
        raise Refusal(_("A message carries at most %(most)s files.") % {"most": MOST_FILES}, field="files")
    if len({each.found.name.lower() for each in found}) < len(found):
        raise Refusal(_("Two of the files have the same name."), field="files")
    if sum(files.encoded_size(each.found.size) for each in found) > files.ATTACHMENT_LIMIT:
        raise Refusal(_("All files together are too large for one message."), field="files")


def _insert(stream: Campaign, mailbox: Mailbox, first: int, letters: Sequence[Read], code: str) -> list[Message]:
    """The messages with their texts and files, in the lines from `first` on."""
    now, not_before = clock.now(), clock.real_now()
    made = Message.objects.bulk_create(
        Message(
            campaign=stream,
            mailbox=mailbox,
            line=line,
            recipient=each.to,
            ref=references.new(),
            state_since=now,
            not_before=not_before,
        )
        for line, each in enumerate(letters, first)
    )
    given = {file.stored_as: file for each in letters for file in each.letter.files}
    own = {name: _own_file(stream, file) for name, file in given.items()}
    rows = list(zip(made, letters, strict=True))
    MessageContent.objects.bulk_create(
        MessageContent(
            message=message,
            subject=each.subject,
            body=each.body,
            payload_sha256=payload_hash(
                each.to, each.subject, each.body, [file.found.sha256 for file in each.letter.files]
            ),
        )
        for message, each in rows
    )
    OwnLink.objects.bulk_create(
        OwnLink(campaign=stream, line=message.line, file=own[file.stored_as])
        for message, each in rows
        for file in each.letter.files
    )
    office = stream.organisation_id
    Posted.objects.bulk_create(
        Posted(message=message, organisation_id=office, client_reference=each.letter.client_reference, code=code)
        for message, each in rows
    )
    return made


def _may_post(office: Organisation, actor: User, *, count: int, day: date | None) -> None:
    """What goes out without a second look is a matter of the organisation's rules, over all of one's day."""
    if actor.is_program:
        approvals.spend(office, count)
        return
    if approvals.people_for(office, 1):
        raise Refusal(_("Here a second person approves everything that is sent: make a campaign of it."))
    streams = Campaign.objects.filter(organisation=office, created_by=actor, stream_day=day)
    sent = streams.aggregate(n=Sum("recipients_total"))["n"] or 0
    if approvals.people_for(office, sent + count):
        sentence = _("To so many recipients a second person approves here: make a campaign of these messages.")
        raise Refusal(sentence)


def _own_file(stream: Campaign, file: Kept) -> OwnFile:
    found = file.found
    own: OwnFile = OwnFile.objects.create(
        campaign=stream,
        origin=Origin.POSTED,
        name=found.name,
        content_type=found.content_type,
        size=found.size,
        sha256=found.sha256,
        stored_as=file.stored_as,
    )
    return own


def _stream(mailbox: Mailbox, actor: User) -> Campaign:
    """The campaign of today's messages, locked: one after the other they are numbered. Raises `Refusal` when a person
    stopped it.
    """
    today = timezone.localtime(clock.now()).date()
    mine = Campaign.objects.select_for_update(of=("self",)).filter(mailbox=mailbox, created_by=actor, stream_day=today)
    stream = mine.first() or _begin(mailbox, actor, today) or mine.get()
    if stream.state == CampaignState.STOPPED:
        raise Refusal(_("Somebody stopped today's messages from this mailbox: nothing more is taken today."))
    if stream.state == CampaignState.COMPLETED:
        Campaign.objects.filter(pk=stream.pk).move(CampaignState.RUNNING)
    return stream


def _begin(mailbox: Mailbox, actor: User, today: date) -> Campaign | None:
    """Make it; None when another call was quicker."""
    now = clock.now()
    words = {"who": actor.get_full_name() or actor.email, "day": date_format(today, "SHORT_DATE_FORMAT")}
    try:
        with transaction.atomic():
            stream = Campaign.objects.create(
                organisation_id=mailbox.organisation_id,
                mailbox=mailbox,
                name=(_("Single messages of %(who)s, %(day)s") % words)[:200],
                state=CampaignState.RUNNING,
                state_since=now,
                stream_day=today,
                created_by=actor,
                launched_by=actor,
                launched_at=now,
            )
    except IntegrityError:
        return None
    history.note([stream.pk], CampaignState.RUNNING, by=actor)
    news.tell_campaigns([stream.pk], CampaignState.RUNNING)
    record("campaign.stream", actor=actor, organisation=mailbox.organisation, target=stream)
    return stream
