"""What stays for good is not looked through again and again."""

import gc
from collections.abc import Iterator

import pytest

from pecportal import collector


@pytest.fixture(autouse=True)
def _collector_as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_is_there_is_left_alone_and_what_comes_is_collected() -> None:
    before = gc.get_freeze_count()
    collector.spare()

    assert gc.get_freeze_count() > before
    circle: list[object] = []
    circle.append(circle)
    del circle
    assert gc.collect() > 0


@pytest.mark.parametrize("entry", ["pecportal.wsgi", "pecportal.worker"])
def test_processes_that_stay_begin_with_it(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    spared: list[str] = []
    monkeypatch.setattr(collector, "spare", lambda: spared.append(entry))
    module = importlib.reload(importlib.import_module(entry))
    if entry == "pecportal.worker":
        monkeypatch.setattr(module, "serve", lambda lane: 0)
        monkeypatch.setenv("Q_CLUSTER_NAME", "")
        assert module.main("all") == 0

    assert spared
