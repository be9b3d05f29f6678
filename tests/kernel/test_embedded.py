"""Bodies are read the same however they are cut into blocks."""

import base64
import hashlib
import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from pecportal import embedded
from pecportal.embedded import BadBody, File

CONTENT = bytes(range(256)) * 3
TEXT = base64.b64encode(CONTENT).decode()
BODY = json.dumps(
    {
        "body": 'è "file": "x" \\ fine\\',
        "attachments": [
            {"name": 'un "nome" \\', "file": f"data:application/pdf;base64,{TEXT}"},
            {"file": TEXT, "name": "due"},
            {"file": "", "name": "vuoto"},
        ],
        "file": None,
    }
).encode()


def read(blocks: Iterable[bytes]) -> tuple[Any, list[File]]:
    kept, files = embedded.split(blocks, File)
    return json.loads(kept), files


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 10_000])
def test_any_cut_gives_the_same(size: int) -> None:
    value, files = read(BODY[start : start + size] for start in range(0, len(BODY), size))

    assert value["body"] == 'è "file": "x" \\ fine\\'
    assert [(each["name"], each["file"]) for each in value["attachments"]] == [
        ('un "nome" \\', "0"),
        ("due", "1"),
        ("vuoto", "2"),
    ]
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert [(file.size, file.sha256) for file in files] == [
        (len(CONTENT), digest),
        (len(CONTENT), digest),
        (0, hashlib.sha256(b"").hexdigest()),
    ]


def test_escaped_slashes_and_line_breaks_in_base64_are_read() -> None:
    text = base64.encodebytes(b"\xff\xfe\xfd" * 99).decode()
    body = json.dumps({"file": text}).replace("/", "\\/").encode()

    for size in (1, 5, 9999):
        _, (file,) = read(body[start : start + size] for start in range(0, len(body), size))
        assert file.sha256 == hashlib.sha256(b"\xff\xfe\xfd" * 99).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        "QQ",
        "QQ==QQ==",
        "Q Q=",
        "####",
        r"QQ\u003d\u003d",
        "data:text/plain,ciao",
        "data:text/plain;base64",
        "data:" + "x" * 2000,
    ],
)
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(BadBody):
        read([b'{"file": "' + text.encode() + b'"}'])


@pytest.mark.parametrize("body", [b'{"file": "QQ==', b'{"a": "', b'{"a": "\\'])
def test_what_ends_within_a_text_is_refused(body: bytes) -> None:
    with pytest.raises(BadBody):
        read([body])


def test_a_large_file_is_not_kept_in_memory() -> None:
    block = base64.b64encode(bytes(3 * 2**16))

    def blocks() -> Iterator[bytes]:
        yield b'{"attachments": [{"name": "a", "file": "'
        for _ in range(200):
            yield block
        yield b'"}]}'

    tracemalloc.start()
    try:
        _, (file,) = read(blocks())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert file.size == 200 * 3 * 2**16
    assert peak < 4 * 2**20


def test_the_bytes_of_a_file_go_where_they_shall() -> None:
    kept = io.BytesIO()

    embedded.split([BODY], lambda: File(kept))

    assert kept.getvalue() == CONTENT * 2


def test_too_much_beside_the_files_is_refused() -> None:
    with pytest.raises(BadBody):
        read([b'{"body": "', *[b"x" * 2**20] * 9, b'"}'])
