"""Files in a folder and in a bucket: what is gone or changed is told from what cannot be had just now."""

import hashlib
import io
import os
import shutil
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from pytest_django import Settings

from pecportal import checks, stored
from tests.buckets import FAULTS, Bucket

CONTENT = b"Un allegato.\n" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "attachments/0f0f"


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> str:
    if request.param == "bucket":
        request.getfixturevalue("bucket")
    return str(request.param)


def keep(content: bytes = CONTENT, name: str = NAME) -> None:
    stored.keep(name, io.BytesIO(content))


def copies() -> list[Path]:
    folder = Path(settings.PORTAL_DATA_DIR) / "copies"
    return list(folder.iterdir()) if folder.exists() else []


def test_what_was_kept_is_there_byte_for_byte(place: str) -> None:
    keep()

    with stored.verified(NAME, sha256=SHA256) as file:
        assert file.read() == CONTENT
    assert stored.size(NAME) == len(CONTENT)
    assert stored.is_whole(NAME, sha256=SHA256)
    assert stored.local(NAME, sha256=SHA256).read_bytes() == CONTENT


def test_empty_files_are_kept_too(place: str) -> None:
    keep(b"")

    assert stored.size(NAME) == 0
    assert stored.is_whole(NAME, sha256=hashlib.sha256(b"").hexdigest())


def test_a_name_is_taken_once(place: str) -> None:
    keep()

    with pytest.raises(RuntimeError, match="taken"):
        keep(b"Altro")

    assert stored.is_whole(NAME, sha256=SHA256)


def test_what_is_gone_or_changed_is_told(place: str) -> None:
    keep()
    with pytest.raises(stored.Changed):
        stored.local(NAME, sha256="0" * 64)
    with pytest.raises(stored.Changed):
        stored.verified(NAME, sha256="0" * 64)
    assert not stored.is_whole(NAME, sha256="0" * 64)
    keep(b"Altro", name="attachments/else")

    assert stored.discard(NAME)
    assert stored.discard(NAME)

    with pytest.raises(FileNotFoundError):
        stored.size(NAME)
    with pytest.raises(FileNotFoundError):
        stored.local(NAME, sha256="0" * 64)
    assert not stored.is_whole(NAME, sha256=SHA256)
    assert not [path for path in copies() if path.name != SHA256]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_in_trouble_says_nothing_of_the_file(bucket: Bucket, fault: str) -> None:
    keep()

    bucket.breaks(fault)

    with pytest.raises(stored.Away):
        stored.local(NAME, sha256=SHA256)
    with pytest.raises(stored.Away):
        stored.verified(NAME, sha256=SHA256)
    if fault != "cut":
        with pytest.raises(stored.Away):
            stored.size(NAME)
        with pytest.raises(stored.Away):
            keep(name="attachments/another")
        assert not stored.discard(NAME)
    assert copies() == []

    bucket.breaks("")

    assert stored.local(NAME, sha256=SHA256).read_bytes() == CONTENT


def test_a_bucket_that_is_not_there_says_nothing_of_the_file(bucket: Bucket, settings: Settings) -> None:
    keep()
    storage = bucket.storage
    storage["OPTIONS"]["bucket_name"] = "un-altro"
    settings.STORAGES = {**settings.STORAGES, "default": storage}

    with pytest.raises(stored.Away):
        stored.size(NAME)
    with pytest.raises(stored.Away):
        stored.local(NAME, sha256=SHA256)
    bucket.client.close()


@pytest.mark.parametrize("trouble", ["gone", "empty"])
def test_a_shared_folder_that_is_not_mounted_says_nothing_of_the_file(trouble: str) -> None:
    keep()
    root = Path(settings.MEDIA_ROOT)
    shutil.rmtree(root)
    if trouble == "empty":
        root.mkdir()

    with pytest.raises(stored.Away):
        stored.local(NAME, sha256=SHA256)
    with pytest.raises(stored.Away):
        stored.is_whole(NAME, sha256=SHA256)


def test_a_copy_is_made_once_and_again_when_it_is_not_what_it_was(bucket: Bucket) -> None:
    keep()
    copy = stored.local(NAME, sha256=SHA256)
    before = len(bucket.requests)

    assert stored.local(NAME, sha256=SHA256) == copy
    assert len(bucket.requests) == before

    copy.write_bytes(b"Altro")

    assert stored.local(NAME, sha256=SHA256).read_bytes() == CONTENT
    assert copy.stat().st_mode & 0o077 == 0


def test_copies_that_nobody_used_for_a_day_make_room(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    keep()
    old = stored.local(NAME, sha256=SHA256)
    os.utime(old, (time.time() - 90_000,) * 2)
    keep(b"Altro", name="attachments/else")
    other = stored.local("attachments/else", sha256=hashlib.sha256(b"Altro").hexdigest())
    assert copies() == [other]

    monkeypatch.setattr(stored, "MOST_COPIES", 1)
    os.utime(other, (time.time() - 1800,) * 2)
    stored.local(NAME, sha256=SHA256)
    assert other.exists()  # within the hour none goes

    os.utime(other, (time.time() - 4000,) * 2)
    keep(b"Terzo", name="attachments/third")
    stored.local("attachments/third", sha256=hashlib.sha256(b"Terzo").hexdigest())
    assert not other.exists()


def test_no_file_of_a_bucket_has_an_address(bucket: Bucket) -> None:
    keep()

    with pytest.raises(ValueError, match="no public address"):
        default_storage.url(NAME)


def test_files_of_a_bucket_lie_below_the_prefix(bucket: Bucket) -> None:
    keep()

    assert any(request.endswith(f"/portale/{NAME}") for request in bucket.requests)
    with pytest.raises(Exception, match="denied"):
        stored.size("../altrove")


@pytest.mark.parametrize(
    ("endpoint", "ids"),
    [("https://s3.example", []), ("http://127.0.0.1:9000", []), ("http://s3.example", ["pecportal.W009"])],
)
def test_a_server_without_tls_is_warned_of(settings: Settings, endpoint: str, ids: list[str]) -> None:
    settings.S3_BUCKET = "atti"
    storage = {"BACKEND": "pecportal.bucket.Bucket", "OPTIONS": {"bucket_name": "atti", "endpoint_url": endpoint}}
    settings.STORAGES = {**settings.STORAGES, "default": storage}

    assert [found.id for found in checks.bucket(None)] == ids


def test_files_that_no_row_tells_of_are_discarded_when_the_work_fails() -> None:
    stored.keep("attachments/kept", io.BytesIO(b"x"))
    stored.keep("attachments/lost", io.BytesIO(b"x"))

    with stored.discarded_on_failure("attachments/kept"):
        pass
    with pytest.raises(KeyboardInterrupt), stored.discarded_on_failure("attachments/lost"):
        raise KeyboardInterrupt

    assert stored.size("attachments/kept") == 1
    with pytest.raises(FileNotFoundError):
        stored.size("attachments/lost")
