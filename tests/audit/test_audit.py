"""The audit says what it heard, and never takes silence for good news."""

import json
import re
from pathlib import Path

import pytest

from tests.audit import bill, vulnerabilities
from tests.audit.vulnerabilities import Heard, heard
from tests.run import ROOT

KNOWN = {"name": "django", "version": "3.2.0", "vulns": [{"id": "CVE-0", "fix_versions": ["3.2.1"]}]}
SKIPPED = {"name": "django", "skip_reason": "Dependency not found on PyPI"}
CLEAN = {"name": "nh3", "version": "0.3.8", "vulns": []}


def pip_audit(folder: Path, *, control: str, told: str) -> Path:
    """A program that answers like pip-audit: one thing for the version known to be vulnerable, another for the rest."""
    script = folder / "pip-audit"
    script.write_text(f"#!/bin/sh\ncase \"$*\" in *control.txt*) echo '{control}' ;; *) echo '{told}' ;; esac\n")
    script.chmod(0o755)
    return script


def report(*rows: object) -> str:
    return json.dumps({"dependencies": rows, "fixes": []})


@pytest.mark.parametrize("control", [report(SKIPPED), report(CLEAN), "no connection"])
def test_a_service_that_does_not_know_what_everybody_knows_is_no_pass(tmp_path: Path, control: str) -> None:
    found = vulnerabilities.look(pip_audit(tmp_path, control=control, told=report(CLEAN)), [tmp_path / "lock.txt"])

    assert "does not even know" in found.silence


def test_a_service_that_knows_it_is_believed(tmp_path: Path) -> None:
    script = pip_audit(tmp_path, control=report(KNOWN), told=report(CLEAN, CLEAN))
    assert vulnerabilities.look(script, [tmp_path / "lock.txt"]) == Heard(2, ())


def test_what_is_known_and_what_was_passed_over_are_both_told() -> None:
    found = heard({"dependencies": [KNOWN, SKIPPED]})

    assert found.known == ("django 3.2.0: CVE-0, mended in 3.2.1",)
    assert found.silence == "nothing is told of 1 packages: django"


def test_the_bill_names_what_is_kept_of_elsewhere_in_the_version_that_was_fetched() -> None:
    named = {each["name"]: each for each in bill.vendored(ROOT)}
    script = (ROOT / "static" / "vendor" / "update.sh").read_text()

    assert named.keys() == {"bootstrap-italia", "squire-rte", "htmx.org"}
    fetched = re.findall(r'VERSION="\$\{\d:-([\d.]+)\}"', script)
    assert {named["squire-rte"]["version"], named["bootstrap-italia"]["version"]} == set(fetched)
    assert all(each["components"] for name, each in named.items() if name != "htmx.org")
    assert named["bootstrap-italia"]["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]


def test_a_package_that_the_bill_leaves_out_is_told() -> None:
    assert "django is not in the bill" in bill.faults({"components": bill.vendored(ROOT)}, ROOT)
