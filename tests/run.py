"""All checks and tests, step by step, with a summary that hides nothing: `./portal check` and `./portal test`."""

import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(sys.prefix) / "bin"
CODE = ["pecportal", "mailboxes", "campaigns", "tests", "manage.py"]
KEY = f"check:{base64.urlsafe_b64encode(bytes(32)).decode()}"  # no secret: it seals nothing
PRODUCTION = {
    "DEBUG": "off",
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_URL": "https://portal.example",
    "OPENAPI_ENV": "production",
    "OPENAPI_EMAIL": "office@portal.example",
    "OPENAPI_API_KEY": "not-a-real-key",
    "CLOCK_SPEED": "1",
}


@dataclass(slots=True)
class Summary:
    """What was run and how it ended."""

    lines: list[str] = field(default_factory=list)
    failed: bool = False

    def step(self, name: str, *command: str, env: Mapping[str, str] | None = None) -> None:
        """Run one command and keep how it ended."""
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, check=False).returncode
        self._note(name, code == 0, time.monotonic() - started)

    @contextmanager
    def beside(self, name: str, *command: str) -> Iterator[None]:
        """Run one command while the block does other things; what it says comes at the block's end."""
        started = time.monotonic()
        with tempfile.TemporaryFile() as said:
            running = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
            try:
                yield
            finally:
                code = running.wait()
            print(f"\n== {name}", flush=True)
            said.seek(0)
            print(said.read().decode(errors="replace"), flush=True)
        self._note(name, code == 0, time.monotonic() - started)

    def look(self, name: str, check: Callable[[], list[str]]) -> None:
        """Run a check of ours, which returns what is wrong."""
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        wrong = check()
        for line in wrong:
            print(line)
        self._note(name, not wrong, time.monotonic() - started)

    def _note(self, name: str, good: bool, seconds: float) -> None:
        self.failed = self.failed or not good
        self.lines.append(f"{'ok    ' if good else 'FAILED'} {name} ({seconds:.0f} s)")

    def close(self) -> int:
        """Print everything and return the exit status."""
        print("\n" + "=" * 72)
        print("\n".join(self.lines))
        print("=" * 72, flush=True)
        return 1 if self.failed else 0


def check(summary: Summary) -> None:
    """The fast part: style, types, architecture, migrations, deployment settings."""
    with summary.beside("mypy --strict", str(BIN / "mypy"), *CODE[:-1]):
        _quick_checks(summary)


def _quick_checks(summary: Summary) -> None:
    manage = (PYTHON, "manage.py")
    summary.step("ruff", str(BIN / "ruff"), "check", *CODE)
    summary.step("ruff format", str(BIN / "ruff"), "format", "--check", *CODE)
    templates = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "templates").rglob("*.html"))]
    summary.step("djade", str(BIN / "djade"), "--target-version", "5.2", "--check", *templates)
    summary.step("import-linter", str(BIN / "lint-imports"))
    summary.step("deptry", str(BIN / "deptry"), ".")
    summary.step("migrations", *manage, "makemigrations", "--check", "--dry-run")
    with tempfile.TemporaryDirectory() as folder:
        production = {**PRODUCTION, "PORTAL_DATA_DIR": folder}
        summary.step("deployment", *manage, "check", "--deploy", "--fail-level", "WARNING", env=production)
    summary.look("lock files name no host", _hosts_in_locks)
    summary.look("translations are complete and compiled", _translations)
    summary.look("every text is in the catalogues", _texts_without_entry)


def _hosts_in_locks() -> list[str]:
    found = []
    for path in [*(ROOT / "requirements").glob("*.txt"), *(ROOT / "static").rglob("package-lock.json")]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "://" in line or "--index-url" in line:
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def _translations() -> list[str]:
    """Untranslated or doubtful messages, and catalogues that are not compiled."""
    found = []
    for path in (ROOT / "pecportal" / "locale").rglob("django.po"):
        name = path.relative_to(ROOT)
        made = subprocess.run(
            ["msgfmt", "--check", "--statistics", "-o", "-", str(path)],
            capture_output=True,
            check=False,
        )
        words = made.stderr.decode().strip()
        if made.returncode or "untranslated" in words or "fuzzy" in words:
            found.append(f"{name}: {words}")
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or compiled.read_bytes() != made.stdout:
            found.append(f"{name}: compilemessages was not run")
    return found


def _texts_without_entry() -> list[str]:
    """Texts of the code and the templates that no catalogue has, found by collecting them in a copy of the tree."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for folder in ("pecportal", "mailboxes", "campaigns", "templates"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "manage.py", copy)
        env = {
            **os.environ,
            **PRODUCTION,
            "PORTAL_DATA_DIR": name,
            "SECRET_KEY": "not-a-real-key",
            "ENCRYPTION_KEYS": KEY,
        }
        command = [PYTHON, "manage.py", "makemessages", "--all", "--no-obsolete", "--no-location", "--verbosity", "0"]
        subprocess.run(command, cwd=copy, env=env, check=True)
        # a text behind another name than gettext's own, or `_`, is not collected
        found = [
            f"{path.relative_to(copy)}: {line.strip()}"
            for path in copy.rglob("*.py")
            for line in path.read_text().splitlines()
            if re.search(r"translation import \w*gettext\w* as (?!_$)", line)
        ]
        for path in sorted((copy / "pecportal" / "locale").rglob("django.po")):
            told = subprocess.run(
                ["msgattrib", "--untranslated", "--no-wrap", str(path)], capture_output=True, text=True, check=True
            )
            doubtful = subprocess.run(
                ["msgattrib", "--only-fuzzy", "--no-wrap", str(path)], capture_output=True, text=True, check=True
            )
            lines = [*told.stdout.splitlines(), *doubtful.stdout.splitlines()]
            found += [
                f"{path.parent.parent.name}: {line}"
                for line in lines
                if line.startswith("msgid") and line != 'msgid ""'
            ]
        return found


def test(summary: Summary) -> None:
    """Everything: the checks, the tests on SQLite, and on the servers that were given."""
    check(summary)
    pytest = (PYTHON, "-m", "pytest", "-q", "-m")
    both = ("-n", "2", "--dist", "worksteal")  # but one browser: of two at once each waits for the other
    browser = {"DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
    database, redis = os.environ.get("TEST_POSTGRES_URL"), os.environ.get("TEST_REDIS_URL")
    broker = {"TEST_BROKER_URL": redis} if redis else {}
    summary.step("tests on SQLite", *pytest, "not journey", *both, env={**browser, **broker})
    summary.step("browser journeys", *pytest, "journey", env=browser)
    if database:
        servers = {"DATABASE_URL": database, **broker}
        summary.step("tests on PostgreSQL", *pytest, "not journey and not once", *both, env=servers)
    for name, given in (("TEST_POSTGRES_URL", database), ("TEST_REDIS_URL", redis)):
        if not given:
            summary.lines.append(f"NOT RUN: the tests that need {name}, since it is not set")


def main() -> int:
    """Run `check` or `test`, as the command line says."""
    summary = Summary()
    {"check": check, "test": test}[sys.argv[1]](summary)
    return summary.close()


if __name__ == "__main__":
    sys.exit(main())
