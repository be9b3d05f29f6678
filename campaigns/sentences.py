"""Every code of the pure parts as a sentence for the clerk: what is wrong, and what to do about it."""

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.addresses import AddressProblem
from campaigns.files import FileProblem
from campaigns.models import ListProblem
from campaigns.tables import TableProblem
from campaigns.text import MissingValue, TextProblem

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
    "broken": _("The file is damaged, or it is not a real PDF. Open it in its program and save it again."),
    "name": _("The file's name cannot be used: rename the file with letters, digits and hyphens."),
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
    "filter": _("A merge field is just its name between two braces: {{ name }}."),
}


def of_table(problem: TableProblem) -> str:
    """Why the whole list is refused, with the heading that is meant where there is one."""
    sentence = _of(TABLES, problem.code, problem)
    return f"{sentence} (“{problem.detail}”)" if problem.detail and problem.code in NAMED else sentence


def of_address(problem: AddressProblem) -> str:
    """What is wrong with one address."""
    return _of(ADDRESSES, problem.code, problem)


def of_file(problem: FileProblem) -> str:
    """Why a file may not be attached."""
    return _of(FILES, problem.code, problem)


def of_text(problem: TextProblem) -> str:
    """What is wrong with the subject or the text, with the part that is meant where that helps."""
    sentence = _of(TEXTS, problem.code, problem)
    return f"{sentence} ({problem.detail})" if problem.detail else sentence


def of_missing(problem: MissingValue) -> str:
    """Which value one row lacks."""
    return gettext("Line %(line)s has no value for {{ %(field)s }}.") % {"line": problem.line, "field": problem.field}


def of_row(problem: ListProblem) -> str:
    """What is wrong with one row of the list; the address's codes begin with `address_`."""
    special: dict[str, Callable[[ListProblem], str]] = {"duplicate": _duplicate, "merge_missing": _missing}
    if problem.code in special:
        return special[problem.code](problem)
    if problem.code.startswith("address_"):
        return _of(ADDRESSES, problem.code.removeprefix("address_"), problem)
    return _of(ROWS, problem.code, problem)


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


def _of(sentences: Sentences, code: str, problem: object) -> str:
    """The code's sentence; a code that has none yet is told in the words of the part that found it."""
    return str(sentences[code]) if code in sentences else str(problem)
