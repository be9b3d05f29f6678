"""What the demo tells in the terminal: steps, and a bar while something takes its time."""

import sys
import time
from typing import TextIO

WIDTH = 30


class Progress:
    """Lines for a person; a bar that is redrawn in a terminal and told now and then anywhere else."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._is_drawn = False
        self._told_at = 0.0

    def say(self, line: str) -> None:
        """Print a line."""
        self._clear()
        print(line, file=self._out, flush=True)

    def bar(self, label: str, done: int, total: int) -> None:
        """Show how much of `total` is done."""
        filled = WIDTH * done // total if total else 0
        line = f"  [{'#' * filled}{'.' * (WIDTH - filled)}] {done}/{total} {label}"
        if self._out.isatty():
            print(f"\r{line:<78}", end="", file=self._out, flush=True)
            self._is_drawn = True
        elif done == total or time.monotonic() - self._told_at > 5:
            self._told_at = time.monotonic()
            print(line, file=self._out, flush=True)

    def _clear(self) -> None:
        if self._is_drawn:
            print(file=self._out)
            self._is_drawn = False
