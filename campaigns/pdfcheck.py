"""Whether PDFs open: `python -m campaigns.pdfcheck PATH …` prints ok, encrypted or broken for each. Pure.

Its limits are those of one file, and a little more for each further one.
"""

import sys
import warnings
from pathlib import Path
from typing import Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from pecportal import confined

SECONDS: Final = 3
MEGABYTES: Final = 512
MOST_PAGES: Final = 10_000
FILES_A_SECOND: Final = 5


def verdict(path: Path) -> str:
    """ok, encrypted (it asks for a password), or broken (it has no page that can be found).

    What pypdf does not foresee ends the process, and that says broken, too.
    """
    try:
        with PdfReader(path) as reader:
            if reader.is_encrypted and not reader.decrypt(""):
                return "encrypted"
            count = reader.get_num_pages()
            if not 0 < count <= MOST_PAGES:
                return "broken"
            return "ok" if reader.pages[0].get("/Type") == "/Page" else "broken"
    except NotImplementedError:
        return "encrypted"  # by a method that pypdf has not
    except PyPdfError:
        return "broken"


def _main() -> None:
    paths = [Path(argument) for argument in sys.argv[1:]]
    confined.limit(seconds=SECONDS + len(paths) // FILES_A_SECOND, megabytes=MEGABYTES)
    warnings.simplefilter("ignore")
    sys.stdout.write("\n".join(map(verdict, paths)))


if __name__ == "__main__":
    _main()
