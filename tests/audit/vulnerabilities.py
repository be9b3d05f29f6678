"""Known vulnerabilities of the locked packages, as pip-audit hears of them.

pip-audit calls a package that its service does not know "skipped", and ends well: a service that knows nothing at all
(a mirror without that part, a network without a way out) would pass for one that found nothing. So it is asked of a
version that is known to be vulnerable, too; only where it names that one does its silence say anything.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

CONTROL: Final = "django==3.2.0"  # of April 2021: dozens are known
_HASH: Final = "sha256:" + "0" * 64  # nothing is downloaded
SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Heard:
    """How many packages were asked about, the lines of what is known of them, and why nothing can be said ("")."""

    packages: int
    known: tuple[str, ...]
    silence: str = ""


def look(pip_audit: Path, locks: Sequence[Path]) -> Heard:
    """Ask about every package of the lock files."""
    with tempfile.TemporaryDirectory() as name:
        control = Path(name) / "control.txt"
        control.write_text(f"{CONTROL} --hash={_HASH}\n")
        told, words = _asked(pip_audit, [control])
        if told is None or not heard(told).known:
            return Heard(0, (), f"the service does not even know of {CONTROL}: {words or 'it skipped it'}")
    told, words = _asked(pip_audit, locks)
    return Heard(0, (), words) if told is None else heard(told)


def heard(told: dict[str, Any]) -> Heard:
    """What a report of pip-audit comes to."""
    rows = told.get("dependencies", [])
    skipped = [str(row["name"]) for row in rows if "skip_reason" in row]
    known = [
        f"{row['name']} {row['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version'}"
        for row in rows
        for found in row.get("vulns", ())
    ]
    silence = f"nothing is told of {len(skipped)} packages: {', '.join(skipped[:10])}" if skipped else ""
    return Heard(len(rows), tuple(known), silence)


def _asked(pip_audit: Path, files: Sequence[Path]) -> tuple[dict[str, Any] | None, str]:
    """The report, or None and why there is none."""
    command = [str(pip_audit), "--require-hashes", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    command += [argument for file in files for argument in ("-r", str(file))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        return json.loads(done.stdout), ""
    except subprocess.TimeoutExpired:
        return None, f"no answer within {SECONDS} seconds"
    except ValueError:  # no report was written
        return None, (done.stderr.strip().splitlines() or ["no report"])[-1][:300]
