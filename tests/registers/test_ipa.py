"""IPA's open data in each of its published forms."""

import io
from pathlib import Path

import pytest
import xlsxwriter
from django.core.management import CommandError, call_command

from pecportal.registers import ipa
from pecportal.registers.models import Body

OLD = ["cod_amm", "des_amm", "Comune", "cf_validato", "Cf"]
OLD += [f"{name}{number}" for number in range(1, 6) for name in ("mail", "tipo_mail")]
NEW = ["Codice_IPA", "Denominazione_ente", "Codice_fiscale_ente", "Mail1", "Tipo_Mail1", "Mail2", "Tipo_Mail2"]
NULLS = ["null"] * 4
CERTIFIED = ["COMUNE@PEC.PROVA.EXAMPLE", "pec", "u@prova.example", "altro", "due@pec.prova.example", "pec", *NULLS]
ROWS_OLD = [
    ["c_x1", "Comune 'di' \"Prova\"", "Prova", "S", "00301860544", *CERTIFIED],
    ["c_x2", "Comune senza PEC", "Prova", "S", "01499590550", "a@prova.example", "altro", *NULLS, *NULLS],
]
ROWS_NEW: list[list[object]] = [
    ["c_x1", "Comune di Prova", 301860544.0, "COMUNE@PEC.PROVA.EXAMPLE", "Pec", "due@pec.prova.example", "Pec"],
    ["c_x2", "Comune senza PEC", "01499590550", "a@prova.example", "Altro", None, None],
]
EXPECTED = [
    ("c_x1", "00301860544", ("comune@pec.prova.example", "due@pec.prova.example")),
    ("c_x2", "01499590550", ()),
]


def written(folder: Path, form: str) -> Path:
    path = folder / {"txt": "amministrazioni.txt", "csv": "enti.csv", "xlsx": "enti.xlsx"}[form]
    if form == "xlsx":
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([NEW, *ROWS_NEW]):
                sheet.write_row(number, 0, row)
    elif form == "txt":
        path.write_text("\n".join("\t".join(row) for row in [OLD, *ROWS_OLD]), encoding="utf-8-sig")
    else:
        rows = [[str(cell or "") for cell in row] for row in ROWS_NEW]
        rows[0][2] = "301860544"
        path.write_text("\r\n".join(";".join(row) for row in [NEW, *rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["txt", "csv", "xlsx"])
def test_each_published_form_gives_the_same_bodies(tmp_path: Path, form: str) -> None:
    found = list(ipa.entries(written(tmp_path, form)))

    assert [(entry.code, entry.tax_code, entry.addresses) for entry in found] == EXPECTED
    assert found[0].name.startswith("Comune")


@pytest.mark.parametrize("text", ["", "a;b;c\n1;2;3", "cod_amm\tdes_amm\tCf\nx\ty\tz"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "altro.txt"
    path.write_text(text)

    with pytest.raises(ipa.NotIpa):
        list(ipa.entries(path))


@pytest.mark.django_db
def test_the_command_puts_a_file_in_the_place_of_the_former_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    out = io.StringIO()
    for form in ("txt", "xlsx"):
        call_command("load_ipa", str(written(tmp_path, form)), stdout=out)
    assert out.getvalue() == "2 public bodies loaded.\n" * 2
    assert list(Body.objects.order_by("ipa_code").values_list("ipa_code", flat=True)) == ["c_x1", "c_x2"]

    bad = tmp_path / "altro.csv"
    bad.write_text("a;b")
    for path in (bad, tmp_path / "nessuno.txt"):
        with pytest.raises(CommandError):
            call_command("load_ipa", str(path))

    assert Body.objects.count() == 2
