"""The check before sending: everything that speaks against a start, and what one should know of it. Stores nothing."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import files, sentences, text
from campaigns.models import Attachment, Campaign

LINES_NAMED = 5
HEAVY = 30 * 10**6  # bytes of base64: above it some providers refuse a certified message


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the check. `place` is where it is mended: `sender`, `list`, `text`, `attachments`, or nowhere."""

    code: str
    sentence: str
    blocks: bool
    place: str = ""


def check(campaign: Campaign, *, quick: bool = False) -> list[Finding]:
    """Every finding, those that block first. `quick` leaves out reading the attachments' bytes again.

    The merge with each row was done when the text or the list was saved; its faults are rows of the list.
    """
    found = [
        *_sender(campaign),
        *_list(campaign),
        *_text(campaign),
        *_attachments(campaign, quick=quick),
        *_forecast(campaign),
    ]
    return sorted(found, key=lambda finding: not finding.blocks)


def fingerprint(campaign: Campaign) -> str:
    """SHA-256 (hex) of all that would be sent, by whom, to whom: another one after any change."""
    content = [
        campaign.mailbox_id,
        campaign.subject,
        campaign.body,
        campaign.list_sha256,
        campaign.address_column,
        campaign.recipients_total,
        list(campaign.attachments.order_by("pk").values_list("name", "sha256")),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def weight(campaign: Campaign) -> int:
    """Bytes that the attachments take in each message, as base64."""
    return sum(files.encoded_size(size) for size in campaign.attachments.values_list("size", flat=True))


def _sender(campaign: Campaign) -> Iterator[Finding]:
    reason = campaign.mailbox.why_not()
    if reason is not None:
        yield Finding("mailbox", reason, blocks=True, place="sender")


def _list(campaign: Campaign) -> Iterator[Finding]:
    if not campaign.list_name:
        yield Finding("no_list", _("There is no list of recipients yet: upload one."), blocks=True, place="list")
        return
    if not campaign.recipients.exists():
        yield Finding("no_recipients", _("The list has no row that could be sent to."), blocks=True, place="list")
    count = campaign.problems_total
    if count:
        yield _faulty(campaign, count)
    ordinary = campaign.problems.filter(code="ordinary_mail").count()
    if ordinary:
        sentence = ngettext(
            "One address belongs to an ordinary e-mail provider: no delivery receipt will come from it.",
            "%(count)s addresses belong to ordinary e-mail providers: no delivery receipt will come from them.",
            ordinary,
        )
        yield Finding("ordinary_mail", sentence % {"count": ordinary}, blocks=False, place="list")


def _faulty(campaign: Campaign, count: int) -> Finding:
    words = {"count": count, "lines": _lines(campaign)}
    if campaign.skip_problems:
        sentence = ngettext(
            "One row with a fault is left out, as you chose: line %(lines)s.",
            "%(count)s rows with a fault are left out, as you chose: lines %(lines)s.",
            count,
        )
        return Finding("left_out", sentence % words, blocks=False, place="list")
    sentence = ngettext(
        "One row of the list has a fault: line %(lines)s. Correct the list, or choose to go on without it.",
        "%(count)s rows of the list have a fault: lines %(lines)s. Correct the list, or choose to go on without them.",
        count,
    )
    return Finding("faulty_rows", sentence % words, blocks=True, place="list")


def _lines(campaign: Campaign) -> str:
    """The first faulty lines, and that there are more."""
    faults = campaign.problems.filter(is_warning=False).order_by("line").values_list("line", flat=True).distinct()
    lines = list(faults[: LINES_NAMED + 1])
    named = ", ".join(str(line) for line in lines[:LINES_NAMED])
    return _("%(lines)s and others") % {"lines": named} if len(lines) > LINES_NAMED else named


def _text(campaign: Campaign) -> Iterator[Finding]:
    if not campaign.subject or not campaign.body:
        yield Finding("no_text", _("The subject or the text is not written yet."), blocks=True, place="text")
        return
    try:
        letter = text.Letter.of(campaign.subject, campaign.body)
    except text.TextProblem as exc:
        yield Finding(exc.code, sentences.of_text(exc), blocks=True, place="text")
        return
    known = [name for column in campaign.columns if (name := text.normalise(column))]
    unknown = sorted(letter.fields - set(known))
    if unknown and campaign.list_name:
        yield Finding("unknown_field", sentences.unknown_fields(unknown, known), blocks=True, place="text")


def _attachments(campaign: Campaign, *, quick: bool) -> Iterator[Finding]:
    for attachment in campaign.attachments.order_by("pk"):
        if not _sound(attachment, quick=quick):
            sentence = _("The attachment “%(name)s” is not as it was uploaded: remove it and upload it again.")
            yield Finding("attachment", sentence % {"name": attachment.name}, blocks=True, place="attachments")
    total = weight(campaign)
    words = {"size": -(-total // 10**6), "limit": files.ATTACHMENT_LIMIT // 10**6}
    if total > files.ATTACHMENT_LIMIT:
        sentence = _("A message would weigh %(size)s MB; the provider takes at most %(limit)s MB.") % words
        yield Finding("too_heavy", sentence, blocks=True, place="attachments")
    elif total > HEAVY:
        sentence = _("A message weighs %(size)s MB: some recipients' providers refuse more than 30 MB.") % words
        yield Finding("heavy", sentence, blocks=False, place="attachments")


def _sound(attachment: Attachment, *, quick: bool) -> bool:
    """Whether the file is there with the size, and the hash, that it had when it came."""
    if not default_storage.exists(attachment.stored_as):
        return False
    if quick:
        return bool(default_storage.size(attachment.stored_as) == attachment.size)
    with default_storage.open(attachment.stored_as) as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == attachment.sha256


def _forecast(campaign: Campaign) -> Iterator[Finding]:
    plan, total = campaign.mailbox.plan, campaign.recipients_total
    if plan is None or not total:
        return
    if plan.daily_limit is not None:
        yield from _days(total, plan.daily_limit, plan.daily_limit - plan.margin)
    if plan.monthly_limit is not None and total > plan.monthly_limit - plan.margin:
        sentence = _("The mailbox may send to %(limit)s recipients a month: this campaign takes longer than that.")
        yield Finding("month", sentence % {"limit": plan.monthly_limit}, blocks=False)


def _days(total: int, limit: int, room: int) -> Iterator[Finding]:
    if room < 1:
        sentence = _("The plan of the mailbox leaves no room for sending: its limit is %(limit)s recipients a day.")
        yield Finding("no_room", sentence % {"limit": limit}, blocks=True, place="sender")
    elif total > room:
        sentence = _("The mailbox may send to %(room)s recipients a day: this campaign takes about %(days)s days.")
        yield Finding("days", sentence % {"room": room, "days": -(-total // room)}, blocks=False)
