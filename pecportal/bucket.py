"""Files in a bucket of a server that speaks S3: private, with no address that others could open.

The only import of django-storages and botocore, which are installed where a bucket is used. Whatever a server or the
network does wrong becomes `Away`; only the server's own word that there is no such file makes it a missing one.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, NoReturn

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name
from urllib3.exceptions import HTTPError

from pecportal.stored import Away

CHUNK: Final = 2**20
IN_MEMORY: Final = 2**20  # bytes; what is larger is on disk while it is open
MISSING: Final = frozenset({"NoSuchKey", "404"})
DEADLINE: Final = 300.0  # seconds for one file, however slowly it trickles


class Bucket(S3Storage):  # type: ignore[misc]
    """A Django storage whose files are objects of one private bucket; a file that is opened was read to its end."""

    def __init__(self, **options: Any) -> None:
        super().__init__(client_config=_config(), default_acl=None, file_overwrite=False, **options)
        self._making = threading.Lock()
        self._client: Any = None

    @property
    def client(self) -> Any:
        """The connections to the server, for all threads."""
        with self._making:
            if self._client is None:
                self._client = self.connection.meta.client
            return self._client

    def url(self, name: str, *args: Any, **kwargs: Any) -> NoReturn:
        """No file has an address of its own: who may read it is asked at each request to the portal."""
        raise ValueError("Files of the portal have no public address.")

    def exists(self, name: str) -> bool:
        """Whether the bucket holds it."""
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """Its bytes."""
        with _answered(name):
            try:
                return int(self.client.head_object(**self._key(name))["ContentLength"])
            except ClientError as exc:
                if not _is_missing(exc):
                    raise
                self.client.head_bucket(Bucket=self.bucket_name)  # its answer does not tell which of the two is missing
                raise FileNotFoundError(f"There is no {name}.") from exc

    def delete(self, name: str) -> None:
        """Remove it; one that is not there is removed already."""
        with _answered(name):
            self.client.delete_object(**self._key(name))

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        if mode != "rb":
            raise ValueError("Files are kept once, and not written over.")
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (whoever opens it closes it)
        try:
            with _answered(name):
                answer = self.client.get_object(**self._key(name))
                _read(answer["Body"], file, length=answer.get("ContentLength"))
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return File(file, name)

    def _save(self, name: str, content: File[bytes]) -> str:
        length = content.seek(0, os.SEEK_END)
        content.seek(0)
        with _answered(name):  # the file beneath: Django's own, without a name, is false and would be sent as nothing
            self.client.put_object(Body=content.file, ContentType="application/octet-stream", **self._key(name))
        if self.size(name) != length:
            raise Away("The server did not keep the file as it was given.")
        return str(clean_name(name))

    def _key(self, name: str) -> dict[str, str]:
        return {"Bucket": str(self.bucket_name), "Key": str(self._normalize_name(clean_name(name)))}


def _config() -> Config:
    """How the server is spoken to: short time-outs, few tries, and no checksums that only one vendor knows."""
    return Config(
        connect_timeout=settings.S3_CONNECT_SECONDS,
        read_timeout=settings.S3_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": settings.S3_TRIES},
        max_pool_connections=20,
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _read(body: Any, file: IO[bytes], *, length: int | None) -> None:
    until = time.monotonic() + DEADLINE
    while chunk := body.read(CHUNK):
        file.write(chunk)
        if time.monotonic() > until:
            raise Away("The server is too slow.")
    if length is not None and file.tell() != length:
        raise Away("The server broke off.")


@contextmanager
def _answered(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as exc:
        if exc.response.get("Error", {}).get("Code") == "NoSuchKey":
            raise FileNotFoundError(f"There is no {name}.") from exc
        raise Away(str(exc)) from exc
    except (BotoCoreError, ResponseParserError, HTTPError) as exc:
        raise Away(str(exc)) from exc


def _is_missing(error: ClientError) -> bool:
    return error.response.get("Error", {}).get("Code") in MISSING
