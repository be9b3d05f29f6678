"""The check before sending: everything that speaks against a start, and what one should know of it. Stores nothing."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import enclosures, files, outlook, repeats, sentences, text, timing
from campaigns.models import Attachment, Campaign, Letter, Merging
from campaigns.states import IntakeState, LetterState
from pecportal import stored

LINES_NAMED = 5
HEAVY = 30 * 10**6  # bytes of base64: above it some providers refuse a certified message


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the check. `place` is where it is mended: `sender`, `list`, `text`, `attachments`, `own`,
    `letter`, `when`, or nowhere."""

    code: str
    sentence: str
    blocks: bool
    place: str = ""


def check(campaign: Campaign, *, quick: bool = False) -> list[Finding]:
    """Every finding, those that block first. `quick` leaves out reading the attachments' bytes again,
    and the forecast, which the draft's page shows beside it.

    The merge with each row was done when the text or the list was saved, or is still being done, which blocks; its
    faults are rows of the list.
    """
    found = [
        *_sender(campaign),
        *_list(campaign),
        *_text(campaign),
        *_attachments(campaign, quick=quick),
        *_own(campaign),
        *_letter(campaign),
        *_forecast(campaign, quick=quick),
    ]
    return sorted(found, key=lambda finding: not finding.blocks)


def fingerprint(campaign: Campaign) -> str:
    """SHA-256 (hex) of all that would be sent, by whom, to whom, when and how: another one after any change.

    The list goes in by its file and its size: that each row is what it was, the start's freezing compares.
    """
    content = [
        [box.pk for box in campaign.senders] if campaign.is_split else campaign.mailbox_id,
        campaign.subject,
        campaign.body,
        campaign.list_sha256,
        campaign.recipients_sha256,
        campaign.address_column,
        campaign.recipients_total,
        list(campaign.attachments.order_by("pk").values_list("name", "sha256")),
        enclosures.fingerprint(campaign),
        [str(part) for part in (campaign.opens, campaign.closes, campaign.starts_at)],
        [campaign.weekdays, campaign.on_holidays, str(campaign.wanted_by)],
        [campaign.skip_problems, campaign.problems_total, campaign.columns, campaign.pilot_size],
        [campaign.protocol, campaign.reference, campaign.further],
        sorted(campaign.roles.items()),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def weight(campaign: Campaign) -> int:
    """Bytes that the common attachments take in each message, as base64."""
    return sum(files.encoded_size(size) for size in campaign.attachments.values_list("size", flat=True))


def most_weight(campaign: Campaign) -> tuple[int, int | None]:
    """Bytes of base64 in the heaviest message, and its line if it is heavy by files of its own."""
    heaviest = enclosures.heaviest_own(campaign)
    if heaviest is None:
        return weight(campaign), None
    line, size = heaviest
    return weight(campaign) + files.encoded_size(size), line


def _sender(campaign: Campaign) -> Iterator[Finding]:
    for box in campaign.senders:
        reason = box.why_not()
        if reason is not None:
            named = f"{box.address}: {reason}" if campaign.is_split else reason
            yield Finding("mailbox", named, blocks=True, place="sender")


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
    yield from _list_warnings(campaign)


def _list_warnings(campaign: Campaign) -> Iterator[Finding]:
    uncertified = campaign.problems.filter(code="not_certified").count()
    if uncertified:
        sentence = ngettext(
            "One address has a domain that is not certified, by the provider: no delivery receipt will come from it.",
            "%(count)s addresses have domains that are not certified, by the provider: no delivery receipt will come "
            "from them.",
            uncertified,
        )
        yield Finding("not_certified", sentence % {"count": uncertified}, blocks=False, place="list")
    repeat = repeats.earlier(campaign)
    if repeat is not None:
        yield Finding("sent_before", sentences.of_repeat(repeat), blocks=False, place="list")


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
    return _named(list(faults[: LINES_NAMED + 1]))


def _named(lines: Sequence[int]) -> str:
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
    merging = Merging.objects.filter(campaign=campaign).first()
    if merging is not None:
        sentence = _("The text is still being put together with each row: %(done)s of %(total)s so far.")
        words = {"done": number_format(merging.rows), "total": number_format(campaign.recipients_total)}
        yield Finding("merge_coming", sentence % words, blocks=True)


def _attachments(campaign: Campaign, *, quick: bool) -> Iterator[Finding]:
    try:
        for attachment in campaign.attachments.order_by("pk"):
            if not _sound(attachment, quick=quick):
                sentence = _("The attachment “%(name)s” is not as it was uploaded: remove it and upload it again.")
                yield Finding("attachment", sentence % {"name": attachment.name}, blocks=True, place="attachments")
    except stored.Away:  # the others would be waited for in vain, too
        sentence = _("The attachments cannot be looked at just now. Please try again in a few minutes.")
        yield Finding("files_away", sentence, blocks=True)
    yield from _heavy(campaign)


def _heavy(campaign: Campaign) -> Iterator[Finding]:
    total, line = most_weight(campaign)
    words = {"size": -(-total // 10**6), "limit": files.ATTACHMENT_LIMIT // 10**6}
    place, named = ("own", _("The heaviest is the one to line %(line)s.") % {"line": line}) if line else ("", "")
    if total > files.ATTACHMENT_LIMIT:
        sentence = _("A message would weigh %(size)s MB; the provider takes at most %(limit)s MB.") % words
        yield Finding("too_heavy", f"{sentence} {named}".strip(), blocks=True, place=place or "attachments")
    elif total > HEAVY:
        sentence = _("A message weighs %(size)s MB: some recipients' providers refuse more than 30 MB.") % words
        yield Finding("heavy", f"{sentence} {named}".strip(), blocks=False, place=place or "attachments")


def _own(campaign: Campaign) -> Iterator[Finding]:
    """Files of single recipients: each row has its own, or somebody said that it goes without."""
    if campaign.intakes.filter(state__in=[IntakeState.WAITING, IntakeState.READING]).exists():
        yield Finding("unpacking", _("An archive of own files is still being unpacked."), blocks=True, place="own")
    if not enclosures.has_any(campaign):
        return
    loose, without = enclosures.files_without(campaign).count(), enclosures.rows_without(campaign)
    if loose:
        sentence = ngettext(
            "One file belongs to no row of the list: give it to one, or leave it out.",
            "%(count)s files belong to no row of the list: give them to one, or leave them out.",
            loose,
        )
        yield Finding("loose_files", sentence % {"count": loose}, blocks=True, place="own")
    count = without.count()
    if count:
        sentence = ngettext(
            "One row has no file of its own: line %(lines)s. Add it, or say that it goes without.",
            "%(count)s rows have no file of their own: lines %(lines)s. Add them, or say that they go without.",
            count,
        )
        words = {"count": count, "lines": _named(list(without.values_list("line", flat=True)[: LINES_NAMED + 1]))}
        yield Finding("rows_without", sentence % words, blocks=True, place="own")
    waived = campaign.own_waivers.count()
    if waived:
        sentence = ngettext(
            "One row goes without a file of its own, as somebody said.",
            "%(count)s rows go without a file of their own, as somebody said.",
            waived,
        )
        yield Finding("rows_waived", sentence % {"count": waived}, blocks=False, place="own")


def _sound(attachment: Attachment, *, quick: bool) -> bool:
    """Whether the file is there with the size, and the hash, that it had when it came."""
    if not quick:
        return stored.is_whole(attachment.stored_as, sha256=attachment.sha256)
    try:
        return stored.size(attachment.stored_as) == attachment.size
    except FileNotFoundError:
        return False


def _letter(campaign: Campaign) -> Iterator[Finding]:
    """Where there is a letter, every row has its own."""
    letter = Letter.objects.filter(campaign=campaign).first()
    if letter is None or letter.state == LetterState.MADE:
        return
    if letter.faults:
        sentence = ngettext(
            "The letter of one row could not be made: line %(lines)s.",
            "The letters of %(count)s rows could not be made: lines %(lines)s.",
            len(letter.faults),
        )
        words = {
            "count": len(letter.faults),
            "lines": _named([line for line, _why in letter.faults][: LINES_NAMED + 1]),
        }
        yield Finding("letters_faulty", sentence % words, blocks=True, place="letter")
        return
    if letter.is_being_made:
        sentence = _("The letters are still being made: %(made)s of %(total)s so far.")
        words = {"made": letter.made, "total": campaign.recipients_total}
        yield Finding("letters_coming", sentence % words, blocks=True, place="letter")
        return
    yield Finding("letters_unmade", _("The letters are written, but not made yet."), blocks=True, place="letter")


def _forecast(campaign: Campaign, *, quick: bool) -> Iterator[Finding]:
    if not campaign.recipients_total:
        return
    for box in campaign.senders:
        if any(limit.most < 1 for limit in timing.limits_of(box.plan)):
            sentence = _("The plan of the mailbox leaves no room for sending: its limits are not above its margin.")
            named = f"{box.address}: {sentence}" if campaign.is_split else sentence
            yield Finding("no_room", named, blocks=True, place="sender")
            return
    expected = None if quick else outlook.of(campaign)
    if expected is None:
        return
    if expected.held:
        yield Finding("held", expected.held, blocks=False, place="sender")
    if expected.warning:
        yield Finding("late", expected.warning, blocks=False, place="when")
    if expected.ends is not None and expected.all_days > 1:
        sentence = _("It takes %(days)s days of sending: the last message is expected to leave on %(end)s.")
        words = {"days": expected.all_days, "end": outlook.moment(expected.ends)}
        yield Finding("days", sentence % words, blocks=False, place="when")
