"""A short form of the fuzzing, and its judge: a reader that breaks, hangs or eats is told."""

import os
import time
from pathlib import Path

import pytest

from tests.torture import fuzz, fuzzed

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.mark.parametrize("kind", fuzz.KINDS)
def test_damaged_files_are_refused_soon_and_cheaply(kind: str) -> None:
    figures = fuzz.run([kind], files=25, first=1)[kind]

    assert figures.is_good, fuzz.line(figures) + "\n".join(figures.unhandled)
    assert figures.files == 25


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    for kind in fuzz.KINDS:
        for number, content in enumerate(fuzz.samples(kind)):
            path = tmp_path / f"{kind}{number}"
            path.write_bytes(content)
            assert fuzzed._forked(fuzzed.READERS[kind][0], path)[::2] == (0, ""), kind


def test_a_reader_that_breaks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(path: Path) -> None:
        raise KeyError(path.name)

    monkeypatch.setitem(fuzzed.READERS, "csv", (breaks, False))
    figures = fuzzed.main("csv", 1, 2, [b"a;b"])
    assert not figures.is_good
    assert "KeyError" in figures.unhandled[0]


def test_a_reader_that_does_not_end_is_told_even_within_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzed, "WAIT", 1)
    monkeypatch.setitem(fuzzed.READERS, "zip", (lambda path: time.sleep(60), True))
    assert not fuzzed.main("zip", 1, 1, [b"x"]).is_good


def test_what_takes_too_much_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fuzzed.READERS, "zip", (lambda path: len(os.urandom(400 * 2**20)), True))
    figures = fuzzed.main("zip", 1, 1, [b"x"])
    assert figures.unhandled == []
    assert figures.peak > fuzzed.HEAVY
