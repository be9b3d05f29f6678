"""The API asked, over real HTTP, whatever its description permits and forbids (schemathesis)."""

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.torture.served import served
from tests.worlds import ROOT

CASES: Final = 10_000
EXAMPLES: Final = 40
_SECONDS: Final = 5400.0  # for one run
_PHASES: Final = "examples,coverage,fuzzing,stateful"
# what refuses a request; 414 is the web server's, which schemathesis does not know as a refusal
_CONFIG: Final = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429"]
"""
_SUMMARY: Final = re.compile(r"([\d,]+) generated")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many cases were made, and what schemathesis said of them; `is_good`: it found nothing."""

    cases: int
    words: str
    is_good: bool


def asked(*, examples: int, seed: int, database: str = "") -> Outcome:
    """Ask every operation in every phase, `examples` times where they are chosen by chance. All checks but one.

    `positive_data_acceptance` is left out: a request that fits its description is refused where a rule of the portal
    forbids it as things stand (409), or where it names what is not there.
    """
    with served(database=database) as here, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "schemathesis.toml").write_text(_CONFIG)
        command = [
            *(str(Path(sys.prefix) / "bin" / "schemathesis"), "run", f"{here.url}/api/v1/schema/"),
            *("--header", f"Authorization: Bearer {here.key}", "--seed", str(seed), "--phases", _PHASES),
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--continue-on-failure"),
            *("--max-examples", str(examples), "--suppress-health-check", "all", "--no-color"),
        ]
        env = {**here.world.env, "SCHEMATHESIS_HOOKS": "tests.torture.fresh_keys", "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    found = _SUMMARY.search(run.stdout)
    cases = int(found[1].replace(",", "")) if found else 0
    return Outcome(cases, run.stdout + run.stderr, run.returncode == 0)
