"""The bill of materials (CycloneDX 1.6): the locked Python packages, and what static/vendor keeps of npm packages."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_ROW: Final = re.compile(
    r"^\| [^|]+ \| (?P<version>[\d.]+) \| (?P<licence>[^|]+?) \|.*npm package `(?P<name>[^`]+)` \|$"
)
_HTMX: Final = re.compile(r'version:"([\d.]+)"')


def write(cyclonedx: Path, root: Path, to: Path) -> list[str]:
    """Write the bill to `to`; what is wrong with it, if anything."""
    command = [str(cyclonedx), "requirements", "requirements/base.txt", "--pyproject", "pyproject.toml"]
    command += ["--output-reproducible", "--sv", "1.6", "--of", "JSON", "-o", str(to)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        return [done.stderr[-500:]]
    told = json.loads(to.read_text())
    told["components"] += vendored(root)
    to.write_text(json.dumps(told, indent=1) + "\n")
    return faults(told, root)


def vendored(root: Path) -> list[dict[str, Any]]:
    """What static/vendor keeps of npm packages, as its README tells, each file with its hash; and htmx of its wheel."""
    folder = root / "static" / "vendor"
    rows = map(_ROW.match, (folder / "README.md").read_text().splitlines())
    found = [_component(row["name"], row["version"], row["licence"].split(" ")[0]) for row in rows if row]
    for component in found:
        own = next(path for path in folder.glob("*.sha256") if component["name"].startswith(path.stem))
        component["components"] = [
            {"type": "file", "name": name.removeprefix("./"), "hashes": [{"alg": "SHA-256", "content": digest}]}
            for digest, name in (line.split(maxsplit=1) for line in own.read_text().splitlines())
        ]
    return [*found, *_htmx()]


def faults(told: dict[str, Any], root: Path) -> list[str]:
    """Locked packages and vendored folders that the bill does not name."""
    lock = (root / "requirements" / "base.txt").read_text()
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE))
    named = {str(each["name"]) for each in told["components"]}
    folders = {path.stem for path in (root / "static" / "vendor").glob("*.sha256")}
    missing = locked - named | {name for name in folders if not any(each.startswith(name) for each in named)}
    return [f"{name} is not in the bill" for name in sorted(missing)]


def _htmx() -> Iterator[dict[str, Any]]:
    import django_htmx

    script = Path(str(django_htmx.__file__)).parent / "static" / "django_htmx" / "htmx-2.min.js"
    if version := _HTMX.search(script.read_text()):
        yield _component("htmx.org", version[1], "0BSD")


def _component(name: str, version: str, licence: str) -> dict[str, Any]:
    purl = f"pkg:npm/{name}@{version}"
    licences = [{"license": {"id": licence}}]
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "licenses": licences}
