"""`./portal audit`: status 1 when something was found, and when something could not be found out."""

import json
import subprocess
import sys
from collections import Counter
from typing import Final

from tests.audit import bill, vulnerabilities
from tests.run import PRODUCTION, PYTHON, ROOT, Summary

TOOLS: Final = ROOT / ".audit" / "bin"
LOCKS: Final = tuple(ROOT / "requirements" / f"{name}.txt" for name in ("base", "dev", "audit"))
OUT: Final = ROOT / "var" / "audit"
_QUIET_PLUGINS: Final = ("Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector", "IPPublicDetector")
_OURS: Final = ("pecportal", "mailboxes", "campaigns", "manage.py")


def main() -> int:
    """Look at everything, and say plainly what could not be looked at."""
    OUT.mkdir(parents=True, exist_ok=True)
    summary = Summary()
    summary.look("known vulnerabilities of the locked packages", _vulnerabilities)
    summary.look("bill of materials", lambda: bill.write(TOOLS / "cyclonedx-py", ROOT, OUT / "bill.cdx.json"))
    print(f"Written to {(OUT / 'bill.cdx.json').relative_to(ROOT)}", flush=True)
    summary.look("bandit finds nothing high in our code", _risky)
    summary.look("no secret is in the repository", _secrets)
    production = {**PRODUCTION, "PORTAL_DATA_DIR": str(OUT)}
    check = (PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    summary.step("deployment settings", *check, env=production)
    summary.lines.append("NOT RUN: semgrep, whose rules come from a registry; none are kept here")
    return summary.close()


def _vulnerabilities() -> list[str]:
    heard = vulnerabilities.look(TOOLS / "pip-audit", LOCKS)
    if heard.silence:
        return [*heard.known, f"NOT KNOWN, which is no pass: {heard.silence}"]
    print(f"{heard.packages} packages of {', '.join(path.name for path in LOCKS)} were asked about")
    return list(heard.known)


def _risky() -> list[str]:
    command = [str(TOOLS / "bandit"), "--quiet", "--recursive", "--format", "json", *_OURS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        rows = json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        return [f"bandit told nothing: {done.stderr[-300:]}"]
    counts = Counter(row["issue_severity"].lower() for row in rows)
    print(", ".join(f"{counts[level]} {level}" for level in ("high", "medium", "low")))
    return [
        f"{row['filename']}:{row['line_number']}: {row['test_id']} {row['issue_text']}"
        for row in rows
        if row["issue_severity"] == "HIGH"
    ]


def _secrets() -> list[str]:
    """By the shapes of keys and tokens; guesses by disorder or by names would call every hash and every test one."""
    command = [str(TOOLS / "detect-secrets"), "scan", "--exclude-files", r"static/vendor/.*|requirements/.*"]
    command += ["--exclude-secrets", "^password$"]  # in examples of addresses
    command += [argument for name in _QUIET_PLUGINS for argument in ("--disable-plugin", name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        return [f"detect-secrets told nothing: {done.stderr[-300:]}"]
    return [f"{row['filename']}:{row['line_number']}: {row['type']}" for rows in found.values() for row in rows]


if __name__ == "__main__":
    sys.exit(main())
