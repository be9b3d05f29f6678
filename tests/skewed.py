"""Machines whose clocks are wrong, beside one database whose clock is right: one process stands for each in turn."""

import time
from datetime import datetime, timedelta

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import Settings

from pecportal import clock


class Hosts:
    """The database's clock goes on from `start`; `on` says whose clock, how far ahead of it, the process has now."""

    def __init__(self, start: datetime, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        self._start, self._began, self._ahead, self._settings = start, time.monotonic(), timedelta(0), settings
        self.asked = 0
        monkeypatch.setattr(clock, "host_now", lambda: self.true_now() + self._ahead)
        monkeypatch.setattr(clock, "_asked", self._ask)

    def true_now(self) -> datetime:
        """What the database's clock shows."""
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    def on(self, name: str, ahead: timedelta = timedelta(0)) -> None:
        """From now on this is another machine, which compared its clock with nothing yet."""
        self._settings.HOST_NAME, self._ahead = name, ahead
        clock.forget()

    def set_clock(self, ahead: timedelta) -> None:
        """The machine's clock is set, while the process goes on."""
        self._ahead = ahead

    def wait(self, span: timedelta) -> None:
        """Let time pass everywhere."""
        self._start += span

    def _ask(self, database: BaseDatabaseWrapper) -> datetime:
        self.asked += 1
        return self.true_now()
