"""Verify an exported journal with nothing but Python: `python3 verify_journal.py journal.jsonl` (or `journal.csv`).

Every entry's hash is made anew from its own words, and compared with the next entry's memory of it. In an export of
some entries alone there are gaps: each entry holds by itself there, and the gaps are counted.
"""

import csv
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path


def entries(path: str) -> Iterator[tuple[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        if path.endswith(".csv"):
            csv.field_size_limit(2**30)
            for row in csv.DictReader(file, delimiter=";"):
                yield row["content"], row["digest"]
            return
        for line in file:
            entry = json.loads(line)
            digest = entry.pop("digest")
            yield json.dumps(entry, sort_keys=True, separators=(",", ":")), digest


number, before, count, gaps = 0, "0" * 64, 0, 0
for content, digest in entries(sys.argv[1]):
    entry = json.loads(content)
    follows = entry["number"] == number + 1
    if hashlib.sha256(content.encode()).hexdigest() != digest or (follows and entry["previous"] != before):
        sys.exit(f"Entry {entry['number']} does not hold.")
    number, before, count, gaps = entry["number"], digest, count + 1, gaps + (not follows)
print(f"{count} entries hold, with {gaps} gaps. The last one is {number}, its hash {before}.")
