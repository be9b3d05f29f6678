"""Every code of the pure parts as a sentence for the clerk: what is wrong, and what to do about it."""

from collections.abc import Callable, Mapping
from datetime import time

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from campaigns.addresses import AddressProblem
from campaigns.files import FileProblem
from campaigns.models import Campaign, ContactChange, ListProblem
from campaigns.repeats import Repeat
from campaigns.tables import TableProblem
from campaigns.text import MissingValue, TextProblem
from pecportal.told import say

Sentences = Mapping[str, str | Promise]

TABLES: Sentences = {
    "too_big": _("The file is too large: a list may have at most 32 MiB. Split it into several campaigns."),
    "too_many_rows": _("The list has more than 300,000 rows. Split it into several campaigns."),
    "too_many_columns": _("The list has more than 200 columns. Leave out those that the text does not need."),
    "encoding": _(
        "The file's characters cannot be read: some accented letters would be wrong. "
        "Save it again as “CSV UTF-8” in your spreadsheet program, or as XLSX."
    ),
    "empty": _("The file is empty, or it has a heading but no rows."),
    "no_header": _("The first row must hold the headings of the columns, such as “name” and “pec”, not a recipient."),
    "duplicate_header": _("Two columns have the same heading: give each one its own."),
    "bomb": _(
        "The file becomes far too large when it is unpacked, so it was not opened. "
        "Copy the rows into a new spreadsheet and save that one."
    ),
    "unreadable": _(
        "The file is damaged or is not a spreadsheet. Open it in your spreadsheet program and save it again."
    ),
    "encrypted": _("The file is protected by a password. Save it without one and upload it again."),
    "not_a_table": _("This is not a list: upload a CSV, XLSX, XLS or ODS file."),
    "nul": _("The file has characters that no text has (NUL). Save it again in your spreadsheet program."),
}

AT_ROW: Sentences = {
    "broken_row": _("Row %(row)s of the file cannot be read: a cell is far too long, or the file is damaged there."),
    "no_object": _(
        "Line %(row)s is no JSON object with names once each, whose values are texts, numbers, true, false or null."
    ),
    "open_quote": _("In row %(row)s of the file a quotation mark is opened and never closed: close it or delete it."),
}

GAPS: Sentences = {
    "too_soon": _("Too little time has passed since it was sent: readings count from two minutes after that."),
    "no_scan": _("The mailbox has not been read from end to end since it was sent: two whole readings are needed."),
    "one_scan": _("The mailbox has been read from end to end only once since it was sent: a second reading is needed."),
    "space_unknown": _("How full the mailbox is has not been read since it was sent: a full mailbox loses receipts."),
    "nearly_full": _(
        "The mailbox was at least 90 percent full: its receipts may have been lost. Make room in it; for this message "
        "the portal cannot tell any more."
    ),
    "no_witness": _(
        "No message that was sent from this mailbox after this one has its acceptance receipt yet: only that would "
        "show that receipts arrive at all."
    ),
    "scan_before_witness": _(
        "The mailbox has to be read from end to end once more, since a later message's acceptance receipt has come."
    ),
}

SHORTFALLS: Sentences = {
    "stopped": _("The last whole reading of the mailbox was not complete: %(words)s"),
    "unreadable": _("Some items of the mailbox cannot be read: the receipt may be among them."),
    "uncounted": _(
        "The provider does not say how many items the mailbox holds: that all of them were seen cannot be shown, and "
        "so the search cannot be called complete."
    ),
    "overcounted": _(
        "The provider counts %(total)s items in the mailbox and shows %(items)s: the receipt may be among those that "
        "it does not show, and so the search cannot be called complete. Look for it in the mailbox's webmail."
    ),
    "unsteady": _("The mailbox changed while it was read from end to end: it is read again by itself."),
}

ANSWERS: Sentences = {
    "found": _("A receipt is there"),
    "absent": _("Not sent, as far as can be known"),
    "unknown": _("Not known yet"),
}

NAMED = frozenset({"no_header", "duplicate_header"})

ADDRESSES: Sentences = {
    "empty": _("The address is missing."),
    "several": _("There is more than one address: each recipient needs a row of their own."),
    "line_break": _("The address has a line break in it: write it on one line."),
    "control": _("The address has an invisible character in it: type it again."),
    "syntax": _("This is not an e-mail address: it must look like name@domain.it."),
    "too_long": _("The address is longer than 254 characters."),
    "not_ascii_local": _("The part before the @ has an accented or special letter, which no certified address has."),
    "domain": _("The part after the @ is not a valid domain."),
}

ROWS: Sentences = {
    "column_count": _("The row has more or fewer columns than the headings: look for a separator too many or too few."),
    "cell_too_long": _("A cell has more than 10,000 characters."),
    "not_certified": _("By the provider this is no domain of certified mail: there will be no delivery receipt."),
    "zeros_restored": _("The zeros at the beginning were missing, as spreadsheets drop them: they were put back."),
    "ordinary_mail": _("This is an ordinary e-mail provider, not a certified one: there will be no delivery receipt."),
    "merge_subject_empty": _("With this row's values nothing is left of the subject."),
    "merge_subject_subject_too_long": _(
        "With this row's values the subject becomes too long: with the reference it may have at most 200 characters."
    ),
    "merge_subject_line_break": _("The value that goes into the subject has a line break in it."),
    "merge_subject_control": _("The value that goes into the subject has an invisible character in it."),
    "merge_subject_bidi": _(
        "The value that goes into the subject has a character that turns the direction of writing."
    ),
    "merge_body_too_long": _("With this row's values the text becomes too long."),
    "merge_body_control": _("A value that goes into the text has an invisible character in it."),
}

KINDS: Sentences = {  # of faults whose sentence names something of the row
    "duplicate": _("The address is in the list already."),
    "merge_missing": _("A value that the text uses is missing."),
}

FACTS: Sentences = {
    "address": _("Certified address"),
    "name": _("Name"),
    "code": _("VAT number or tax code"),
    "groups": _("Groups"),
    "added": _("Added"),
    "changed": _("Changed"),
    "faulty": _("Rows left out"),
    "recipients": _("Recipients"),
}

FILES: Sentences = {
    "empty": _("The file is empty."),
    "too_big": _("The file is too large to be sent by certified mail."),
    "type_not_allowed": _(
        "Files of this type may not be attached. "
        "Allowed are: pdf, p7m, jpg, png, xml, docx, xlsx, odt, ods, csv, txt, eml, zip."
    ),
    "type_mismatch": _(
        "The file is not what its name says: its content has another type. Save it again in its program."
    ),
    "executable": _("The file holds a program, and programs may not be attached."),
    "encrypted": _("The file is protected by a password: the recipient could not open it."),
    "slow": _("The portal could not look into the file in time, since it is busy just now: please try once more."),
    "broken": _("The file is damaged, or it is not a real PDF. Open it in its program and save it again."),
    "name": _("The file's name cannot be used: rename the file with letters, digits and hyphens."),
}

ARCHIVES: Sentences = {
    "broken": _("The archive is damaged, or it is no real ZIP file. Make it anew, and upload it once more."),
    "encrypted": _("The archive is protected by a password: make it without one."),
    "bomb": _("The archive becomes far too large when it is unpacked: more than 512 MiB, or more than 10,000 files."),
    "unsafe": _("The archive holds names that lead out of it, links, or one name twice. Make it anew from one folder."),
    "nested": _("There is an archive within the archive: unpack it, and put all files into one ZIP."),
    "executable": _("The archive holds a program, and programs may not be attached."),
    "mismatch": _("The archive is damaged, or it is no real ZIP file. Make it anew, and upload it once more."),
}

TEXTS: Sentences = {
    "empty": _("There is nothing written here yet."),
    "line_break": _("The subject must be one line: it has a line break in it."),
    "control": _("There is an invisible control character in it: delete it and type it again."),
    "bidi": _("There is an invisible character in it that turns the direction of writing: delete it."),
    "too_long": _("It is too long."),
    "subject_too_long": _("The subject is too long: with the reference it may have at most 200 characters."),
    "syntax": _("The merge fields cannot be read: write them as {{ name }}, with two braces on each side."),
    "tag": _("Conditions are written with “if”, “unless” and “else” alone; nothing else may be used here."),
    "split": _("A merge field is cut in two by the end of a paragraph or a line: write it anew in one piece."),
    "filter": _("A merge field is just its name between two braces: {{ name }}."),
}

UNMATCHED: Sentences = {
    "no_reference": _("Its subject has no reference of the portal: perhaps the message was sent from the webmail."),
    "unknown_reference": _("Its subject has a reference, but no message of this mailbox has that one."),
    "other_code": _("Its reference is that of a message whose code at the provider is another one."),
    "unknown_kind": _("Its subject begins like none of the receipts that certified mail knows."),
}

REASONS: Sentences = {
    "same_code": _("the provider's code is the same"),
    "near_reference": _("the reference differs in one sign only"),
    "cut_reference": _("the reference begins alike, and was cut off"),
    "same_recipient_and_subject": _("the recipient is named in the text, and the subject is the same"),
    "same_recipient": _("the recipient is named in the text"),
    "same_subject": _("the subject is the same"),
    "soon_after": _("it came within an hour after the message was sent"),
    "same_day": _("it came within 30 hours after the message was sent"),
}


def of_table(problem: TableProblem) -> str:
    """Why the whole list is refused, with the heading that is meant where there is one."""
    if problem.code in AT_ROW:
        return say(AT_ROW[problem.code], row=problem.detail)
    detail = f"“{problem.detail}”" if problem.detail and problem.code in NAMED else ""
    return _of(TABLES, problem.code, problem, detail=detail)


def of_address(problem: AddressProblem) -> str:
    """What is wrong with one address."""
    return _of(ADDRESSES, problem.code, problem)


def of_file(problem: FileProblem) -> str:
    """Why a file may not be attached."""
    return _of(FILES, problem.code, problem)


def of_text(problem: TextProblem) -> str:
    """What is wrong with the subject or the text, with the part that is meant where that helps."""
    return _of(TEXTS, problem.code, problem, detail=problem.detail)


def of_missing(problem: MissingValue) -> str:
    """Which value one row lacks."""
    sentence = gettext_noop("Line %(line)s has no value for {{ %(field)s }}.")
    return say(sentence, line=problem.line, field=problem.field)


def of_row(problem: ListProblem) -> str:
    """What is wrong with one row of the list; the address's codes begin with `address_`."""
    special: dict[str, Callable[[ListProblem], str]] = {"duplicate": _duplicate, "merge_missing": _missing}
    if problem.code in special:
        return special[problem.code](problem)
    if problem.code.startswith("address_"):
        return _of(ADDRESSES, problem.code.removeprefix("address_"), problem)
    return _of(ROWS, problem.code, problem)


def of_code(code: str) -> str:
    """A kind of fault, without what differs from row to row."""
    if code.startswith("address_"):
        return str(ADDRESSES.get(code.removeprefix("address_"), code))
    return str(KINDS.get(code) or ROWS.get(code, code))


def of_unmatched(problem: str) -> str:
    """Why an item of an inbox could be given to no message; a code that is not known as it is."""
    return str(UNMATCHED.get(problem, problem))


def of_hours(campaign: Campaign) -> str:
    """When a campaign may be sent, in one sentence."""
    parts = []
    if campaign.opens or campaign.closes:
        begin, end = (f"{moment or time():%H:%M}" for moment in (campaign.opens, campaign.closes))
        parts.append(gettext("from %(from)s until %(until)s") % {"from": begin, "until": end})
    if campaign.weekdays != "1234567":
        parts.append(", ".join(str(WEEKDAYS[int(day) - 1]) for day in campaign.weekdays))
    if not campaign.on_holidays:
        parts.append(gettext("not on public holidays"))
    if campaign.starts_at:
        at = date_format(localtime(campaign.starts_at), "SHORT_DATETIME_FORMAT")
        parts.append(gettext("not before %(time)s") % {"time": at})
    return "; ".join(parts) or gettext("at any time")


def of_repeat(repeat: Repeat) -> str:
    """Which campaign went to the same recipients not long ago."""
    at = repeat.campaign.launched_at
    words = {"name": repeat.campaign.name, "date": date_format(localtime(at), "SHORT_DATE_FORMAT") if at else ""}
    if repeat.is_same_file:
        return gettext("The same file was used for the campaign “%(name)s”, started on %(date)s.") % words
    sentence = gettext("The same recipients got the same subject in the campaign “%(name)s”, started on %(date)s.")
    return sentence % words


def of_change(change: ContactChange) -> list[str]:
    """What an act on the contacts changed, a sentence for each field or count."""
    told = []
    for name, value in change.facts.items():
        before_and_after = [part or "–" for part in value] if isinstance(value, list) else [str(value)]
        told.append(f"{FACTS.get(name, name)}: {' → '.join(before_and_after)}")
    return told


def unknown_fields(fields: list[str], known: list[str]) -> str:
    """Merge fields that the list does not have, and those that it has."""
    names = ", ".join(f"{{{{ {field} }}}}" for field in fields)
    if not known:
        return gettext("The list has no column for: %(names)s.") % {"names": names}
    return gettext("The list has no column for: %(names)s. Its columns are: %(known)s.") % {
        "names": names,
        "known": ", ".join(known),
    }


def _duplicate(problem: ListProblem) -> str:
    return gettext("This address is already on line %(line)s.") % {"line": problem.first_line}


def _missing(problem: ListProblem) -> str:
    return gettext("The text uses {{ %(field)s }}, and this row has no value for it.") % {"field": problem.column}


def _of(sentences: Sentences, code: str, problem: object, *, detail: str = "") -> str:
    """The code's sentence; a code that has none yet is told in the words of the part that found it."""
    return say(sentences[code] if code in sentences else str(problem), detail=detail)
