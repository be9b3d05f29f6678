"""What the portal says in the end, held against the vendor's ledger, the frozen texts, the rows and the logs."""

import re
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.torture.plans import Plan
from tests.worlds import PASSWORD, World

LATE = 4  # messages that may be written down in the next second
REFERENCE = "Rif. "
REF = re.compile(r"Rif\. ([0-9A-Z]{10}(?:-\d+)?)")


@dataclass(slots=True)
class End:
    """What was left when nothing moved any more, every broken promise in words, and the vendor's faults that befell.

    `seconds` is how long the run took.
    """

    plan: Plan
    sprung: bool = False
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)


def judge(here: World, found: dict[str, Any], plan: Plan, *, speed: float = 1.0) -> list[str]:
    """Every broken promise, in words; `speed` is that of the vendor's clock."""
    ledger = here.ledger()
    return [
        *doubles(ledger),
        *_untrue(found, Counter(sent["recipient"] for sent in ledger), plan),
        *_too_fast(ledger, plan, speed),
        *_changed(ledger, found),
        *[f"the self-audit found {count} rows: {name}" for name, count in found.get("audit", {}).items() if count],
        *_leaks(here),
        *_orphans(here),
    ]


def doubles(ledger: list[dict[str, Any]]) -> list[str]:
    """Whoever got more than one message, and every attempt that was made more than once."""
    people = Counter(sent["recipient"] for sent in ledger)
    refs = Counter(match[1] for sent in ledger if (match := REF.search(sent["subject"])))
    found = [f"{who} was sent {n} times" for who, n in people.items() if n > 1]
    return found + [f"attempt {ref} was sent {n} times" for ref, n in refs.items() if n > 1]


def _untrue(found: dict[str, Any], taken: Counter[str], plan: Plan) -> list[str]:
    wrong = []
    for who, row in found["messages"].items():
        says_sent = row["state"] == "submitted"
        if says_sent and not taken[who]:
            wrong.append(f"{who} is called sent, and was not")
        if taken[who] and not says_sent:
            wrong.append(f"{who} was sent, and is called {row['state']}")
        if not taken[who] and row["state"] not in ("uncertain", "queued" if plan.limit else "uncertain"):
            wrong.append(f"{who} was lost: {row['state']}")
    if set(taken) - set(found["messages"]):
        wrong.append("somebody got a message who is in no list")
    if found["live"] != found["reserved"]:
        wrong.append(f"{found['reserved']} reservations for {found['live']} attempts")
    if plan.limit and sum(taken.values()) > plan.limit:
        wrong.append(f"{sum(taken.values())} were sent under a cap of {plan.limit}")
    return wrong


def _too_fast(ledger: list[dict[str, Any]], plan: Plan, speed: float) -> list[str]:
    """Whether more was taken in a second than the pace allows: two pumps at once would send twice as much.

    A busy machine writes a request down a little late, and the next one seems to follow too soon.
    """
    if not plan.rate:
        return []
    moments = [datetime.fromisoformat(sent["at"]).timestamp() / speed for sent in ledger]
    most = max((sum(at <= other < at + 1 for other in moments) for at in moments), default=0)
    return [f"{most} messages within a second at a pace of {plan.rate:g}"] if most > plan.rate + LATE else []


def _changed(ledger: list[dict[str, Any]], found: dict[str, Any]) -> list[str]:
    """Whoever got another subject, text or file than was frozen."""
    wrong = []
    for sent in ledger:
        who = sent["recipient"]
        frozen = found["frozen"].get(who, {"subject": "", "body": "", "files": []})
        if sent["subject"] != f"{frozen['subject']} {REFERENCE}{_reference(sent['subject'])}":
            wrong.append(f"{who} got another subject")
        if sent["body_sha256"] != sha256(frozen["body"].encode()).hexdigest():
            wrong.append(f"{who} got another text")
        if [digest for _name, _size, digest in sent["attachments"]] != frozen["files"]:
            wrong.append(f"{who} got other files")
    return wrong


def _reference(subject: str) -> str:
    match = REF.search(subject)
    return match[1] if match else ""


def _leaks(here: World) -> list[str]:
    """Secrets in what any process wrote."""
    secrets = [*here.tokens(), PASSWORD, here.env["ENCRYPTION_KEYS"].partition(":")[2], here.env["SECRET_KEY"]]
    logs = [path for path in here.folder.glob("*.log") if path.name != "sandbox.log"]
    return [f"a secret stands in {path.name}" for path in logs if any(secret in path.read_text() for secret in secrets)]


def _orphans(here: World) -> list[str]:
    """Processes of this world that outlived its worker's group."""
    mark = f"PORTAL_DATA_DIR={here.folder}".encode()
    deadline, left = time.monotonic() + 3, [0]
    while left and time.monotonic() < deadline:
        left = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes() and b"sandbox" not in (entry / "cmdline").read_bytes():
                    left.append(int(entry.name))
        time.sleep(0.1)
    return [f"process {pid} was left behind" for pid in left]
