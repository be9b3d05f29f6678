"""Who reads what of the journal, in words, page by page, and as a file that stands by itself."""

import ast
import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from pecportal.journal import checking, reading, words
from pecportal.journal.models import Check, Entry
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import PEOPLES, Role
from tests import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "examples" / "verify_journal.py"
ALL = (Role.ADMINISTRATOR, Role.APPROVER, Role.AUDITOR)


@pytest.fixture
def office() -> Organisation:
    return build.organisation(name="Comune di Prova")


@pytest.fixture
def clerk(office: Organisation) -> User:
    return build.user(office, Role.PREPARER, email="anna@portale.example")


@pytest.fixture
def auditor(office: Organisation) -> User:
    return build.user(office, Role.AUDITOR, email="controllo@portale.example")


def acts(office: Organisation, *people: User | None, act: str = "plan.save") -> None:
    for person in people:
        record(act, actor=person, organisation=office, target=office)


def page(client: Client, person: User, query: str = "") -> str:
    client.force_login(person)
    return client.get(reverse("journal:index") + query).content.decode()


def numbers(client: Client, person: User, query: str = "") -> list[int]:
    client.force_login(person)
    lines = client.get(reverse("journal:index") + query).context["lines"]
    return [line.entry.number for line in lines if line.entry.action != "access.sign_in"]


@pytest.mark.parametrize("role", PEOPLES)
def test_each_role_sees_what_the_table_says(client: Client, office: Organisation, clerk: User, role: Role) -> None:
    person = build.user(office, role)
    acts(office, clerk, person, None)
    acts(build.organisation(), clerk)

    seen = numbers(client, person)

    assert seen == ([3, 2, 1] if role in ALL else [2])


def test_members_of_another_office_and_operators_see_nothing(client: Client, office: Organisation, clerk: User) -> None:
    acts(office, clerk, None)

    assert numbers(client, build.user(build.organisation(), Role.AUDITOR)) == []
    assert numbers(client, User.objects.create_superuser("operatore@portale.example", "p")) == []


def test_an_act_is_a_sentence_with_its_changes(client: Client, office: Organisation, auditor: User) -> None:
    box = build.mailbox(office, address="ufficio@prova.example")
    record(
        "mailbox.plan", actor=auditor, organisation=office, target=box, before={"plan": "Uno"}, after={"plan": "Due"}
    )

    shown = page(client, auditor)

    assert "The plan of the mailbox “ufficio@prova.example” was changed" in shown
    assert "Uno → Due" in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?person=anna", [1]),
        ("?act=plan.save", [2, 1]),
        ("?kind=organisations.organisation", [3, 2, 1]),
        ("?which=0", []),
        ("?until=2020-01-01", []),
        ("?since=2020-01-01&until=2100-01-01", [3, 2, 1]),
        ("?since=nonsense&which=-1", [3, 2, 1]),
        ("?after=3", [2, 1]),
    ],
)
def test_it_is_filtered(
    client: Client, office: Organisation, clerk: User, auditor: User, query: str, found: list[int]
) -> None:
    acts(office, clerk, auditor)
    acts(office, auditor, act="letterhead.save")

    assert numbers(client, auditor, query) == found


def test_a_page_costs_the_same_however_many_entries_there_are(
    client: Client, office: Organisation, clerk: User, auditor: User, django_assert_max_num_queries: object
) -> None:
    acts(office, *[clerk] * (reading.SIZE + 5))
    client.force_login(auditor)

    with django_assert_max_num_queries(25):  # type: ignore[operator]
        first = client.get(reverse("journal:index"))

    assert len(first.context["lines"]) == reading.SIZE
    assert f"after={first.context['page'].after}" in first.content.decode()


def test_only_auditors_have_it_verified(client: Client, office: Organisation, clerk: User, auditor: User) -> None:
    client.force_login(clerk)
    assert client.post(reverse("journal:verify")).status_code == 404
    assert "Verify the journal" not in client.get(reverse("journal:index")).content.decode()
    assert not Check.objects.exists()

    client.force_login(auditor)
    assert client.post(reverse("journal:verify")).status_code == 302
    assert "The journal is being verified." in client.get(reverse("journal:index")).content.decode()


def test_what_a_check_found_is_on_the_page(client: Client, jobs: Jobs, office: Organisation, auditor: User) -> None:
    checking.ask(actor=auditor)
    jobs.run()
    assert "entries of the portal hold" in page(client, auditor)

    Check.objects.update(broken_at=7, reason="its content was changed")
    assert "the journal does not hold from entry 7" in page(client, auditor)


def exported(client: Client, person: User, kind: str, tmp_path: Path) -> Path:
    client.force_login(person)
    response = client.get(reverse("journal:export", args=[kind]))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in response["Content-Disposition"]
    path = tmp_path / f"journal.{kind}"
    path.write_bytes(b"".join(response))
    return path


def verified(path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, SCRIPT, path], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_is_verified_without_the_portal(
    client: Client, office: Organisation, auditor: User, tmp_path: Path, kind: str
) -> None:
    for n in range(5):
        record("plan.save", actor=auditor, organisation=office, target=office, name=f'=1+{n} è; "q"\n', f=0.1 * n)
    path = exported(client, auditor, kind, tmp_path)

    good = verified(path)
    assert (good.returncode, good.stderr) == (0, "")
    assert "6 entries hold, with 0 gaps" in good.stdout or "5 entries hold, with 0 gaps" in good.stdout

    path.write_text(path.read_text(encoding="utf-8").replace("1+3", "1+4"), encoding="utf-8")
    bad = verified(path)
    assert bad.returncode == 1
    assert "does not hold" in bad.stderr
    assert Entry.objects.filter(action="journal.export", actor=auditor).exists()


def test_no_cell_of_the_table_is_a_formula(client: Client, office: Organisation, tmp_path: Path) -> None:
    auditor = build.user(office, Role.AUDITOR, email="=cmd@portale.example")
    acts(office, auditor)

    table = exported(client, auditor, "csv", tmp_path).read_text(encoding="utf-8-sig")

    rows = list(csv.reader(io.StringIO(table), delimiter=";"))
    assert rows[1][2] == "'=cmd@portale.example"
    assert not [cell for row in rows for cell in row if cell.startswith(tuple("=+-@"))]
    assert json.loads(rows[1][-1])["actor_name"] == "=cmd@portale.example"


def test_an_export_of_an_unknown_kind_is_not_there(client: Client, auditor: User) -> None:
    client.force_login(auditor)
    assert client.get(reverse("journal:export", args=["xlsx"])).status_code == 404


def recorded_acts() -> set[str]:
    """Every act that the sources name where they record one."""
    found = set()
    for package in ("pecportal", "campaigns", "mailboxes"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if name in ("record", "_record", "note") and "." in str(node.args[0].value):
                        found.add(str(node.args[0].value))
    return found


@pytest.mark.once
def test_every_act_has_words() -> None:
    acts = recorded_acts()
    assert len(acts) > 80
    assert sorted(acts - set(words.SENTENCES)) == []


@pytest.mark.once
@pytest.mark.parametrize("act", sorted(words.SENTENCES))
def test_each_sentence_can_be_said(act: str) -> None:
    assert words.sentence(act, "“X”")
    assert "%" not in words.title(act)


def test_an_act_that_nobody_put_into_words_is_shown_as_it_is(
    client: Client, office: Organisation, auditor: User
) -> None:
    acts(office, auditor, act="something.new")

    assert "something.new" in page(client, auditor)
