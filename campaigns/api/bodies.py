"""Bodies that are files: written to disk as they come, and gone once the request has its answer."""

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, ClassVar

from rest_framework.parsers import BaseParser


class Body:
    """A body on disk, to be closed; `ending` is that of its type's files."""

    def __init__(self, ending: str) -> None:
        self.ending = ending
        self._file = tempfile.NamedTemporaryFile(suffix=f".{ending}")  # noqa: SIM115 (`close` closes it)

    @property
    def path(self) -> Path:
        """Where it lies until it is closed."""
        return Path(self._file.name)

    def take(self, stream: IO[bytes]) -> None:
        """Write all of it down."""
        with ExitStack() as stack:
            stack.callback(self.close)
            shutil.copyfileobj(stream, self._file)
            self._file.flush()
            stack.pop_all()

    def close(self) -> None:
        """Remove it."""
        self._file.close()


class ToDisk(BaseParser):
    """A body of one type."""

    ending: ClassVar[str] = ""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body as a `Body`."""
        body = Body(self.ending)
        body.take(stream)
        return body


class Csv(ToDisk):
    """CSV."""

    media_type = "text/csv"
    ending = "csv"


class Xlsx(ToDisk):
    """An Excel workbook."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ending = "xlsx"


class JsonLines(ToDisk):
    """A JSON object on each line."""

    media_type = "application/x-ndjson"
    ending = "jsonl"


LISTS = (Csv, Xlsx, JsonLines)
