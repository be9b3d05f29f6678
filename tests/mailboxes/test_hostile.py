"""Hostile files, uploaded as a signed form or as an identity document: a verdict or a sentence, within the limits."""

import os
import random
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from pytest_django import Settings

from mailboxes import examining
from mailboxes.examining import Examined
from mailboxes.models.papers import PaperKind
from mailboxes.signatures.facts import Verdict
from pecportal.errors import Refusal
from tests.damage import changed
from tests.mailboxes import build, hostile, measuring, signing

_BROKEN, _HEAVY, _LARGE = "cannot be opened", "cannot cope with this file", "make it smaller"
# of a signed form the verdicts on its signatures (None: they cannot be looked for), or a part of the refusal
OUTCOMES: dict[str, list[Verdict] | str | None] = {
    "circular_pages": _BROKEN,
    "many_circles": _BROKEN,
    "deep_pages": _BROKEN,
    "shared_branches": _BROKEN,
    "deep_arrays": _BROKEN,
    "endless_tables": None,
    "huge_table": _BROKEN,
    "huge_table_stream": _BROKEN,
    "bomb": _HEAVY,
    "length_of_itself": _BROKEN,
    "circular_fields": None,
    "picture_in_page": _HEAVY,
    "words_in_png": _BROKEN,
    "large_jpeg": _LARGE,
    "large_heic": _LARGE,
    "cut_heic": _BROKEN,
    "heic_of_another_size": _LARGE,
    "ber_envelope": [Verdict.INTACT],
    "deep_envelope": "signed file (.p7m) cannot be opened",
    "nested_envelopes": "signed file (.p7m) cannot be opened",
    "malformed_envelope": [Verdict.UNREADABLE],
    "bomb_in_envelope": _HEAVY,
    "png of 60,000 x 60,000": _LARGE,
    "png of 7,700 x 7,700": _LARGE,
    "jpeg of 60,000 x 60,000": _LARGE,
    "encrypted": "protected by a password",
}
CHANGED = int(os.environ.get("FUZZED_PAPERS", "2"))  # of each kind


@cache
def made(name: str) -> bytes:
    """A hostile file."""
    return hostile.FILES[name]()


def outcome(kind: PaperKind, data: bytes) -> Examined | str:
    """What was found, or the sentence of the refusal."""
    try:
        return examining.examined(kind, data)
    except Refusal as exc:
        return str(exc) if exc.field == kind else f"The refusal is about {exc.field}."


@pytest.mark.parametrize("name", hostile.FILES)
def test_as_a_signed_form_it_comes_to_what_the_table_says(name: str) -> None:
    found, wanted = outcome(PaperKind.SIGNED_FORM, made(name)), OUTCOMES[name]

    if isinstance(found, str):
        assert isinstance(wanted, str), found
        assert wanted in found
    else:
        assert ([each.verdict for each in found.facts.signatures] if found.facts.was_checked else None) == wanted
        assert len(found.facts.pages) == 1


@pytest.mark.parametrize("name", hostile.FILES)
def test_as_an_identity_document_it_comes_to_the_same(name: str) -> None:
    found, wanted = outcome(PaperKind.IDENTITY, made(name)), OUTCOMES[name]

    if "envelope" in name:
        assert "upload the identity document itself" in str(found)
    elif isinstance(found, str):
        assert isinstance(wanted, str), found
        assert wanted in found
    else:
        assert (wanted, found.pictures) == (None, [])


@pytest.mark.parametrize("module", measuring.MODULES, ids=lambda module: module.__name__)
def test_none_takes_more_than_was_promised(module: ModuleType, tmp_path: Path) -> None:
    paths = [tmp_path / name.replace(",", "") for name in hostile.FILES]
    for path, name in zip(paths, hostile.FILES, strict=True):
        path.write_bytes(made(name))

    found = measuring.used(module, paths)

    assert {name: used for name, used in found.items() if not used.is_good} == {}
    assert len(found) == len(hostile.FILES)


@pytest.mark.parametrize("name", ["pdf", "pades", "p7m", "heic"])
def test_when_the_clock_is_over_a_person_is_asked_to_try_again(settings: Settings, name: str) -> None:
    settings.UPLOAD_SECONDS, begun = 0.05, time.monotonic()  # nothing starts that fast

    assert "in time, since it is busy" in str(outcome(PaperKind.SIGNED_FORM, SOUND[name]()))

    assert time.monotonic() - begun < measuring.SECONDS


SOUND: dict[str, Callable[[], bytes]] = {
    "pdf": lambda: build.pdf(3),
    "pades": lambda: signing.pades(build.pdf(), signing.person(), stamper=signing.stamping()),
    "scan": lambda: build.merged(build.text_picture()),
    "p7m": lambda: signing.p7m(signing.pades(build.pdf(), signing.person()), signing.person()),
    "jpeg": lambda: build.picture(400, 500),
    "png": lambda: build.picture(400, 500, kind="PNG", mode="RGBA", colour=(1, 2, 3, 4)),
    "heic": lambda: build.heic(400, 500),
}


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize("module", measuring.MODULES, ids=lambda module: module.__name__)
@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_file_that_was_damaged_takes_no_more(kind: str, module: ModuleType, tmp_path: Path) -> None:
    sound, paths = SOUND[kind](), []
    for seed in range(CHANGED):
        path = tmp_path / f"{kind}-{seed}"
        path.write_bytes(changed(sound, random.Random(seed)))
        paths.append(path)

    found = measuring.used(module, paths)

    assert {name: used for name, used in found.items() if not used.is_good} == {}
