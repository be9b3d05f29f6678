"""Processes for hostile files: no secrets, no time without end, no memory without end, no files."""

import time
from pathlib import Path

import pytest

from pecportal import confined

LIMITED = "from pecportal import confined; confined.limit(seconds=1, megabytes=400)"


def run(statement: str, *, seconds: float = 10) -> str:
    """What the statement prints in a process of its own."""
    return confined.ask("timeit", "-n", "1", "-r", "1", "-s", statement, seconds=seconds)


def test_what_the_process_says_comes_back() -> None:
    assert "città" in run("print('città')")


def test_it_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")

    assert "canary" not in run("import os; print(dict(os.environ))")


@pytest.mark.parametrize(
    "statement",
    [
        "raise SystemExit(1)",
        "import os; os.abort()",
        f"{LIMITED}; bytearray(10**9)",
        f"{LIMITED}\nwhile True: pass",
        f"{LIMITED}; import tempfile; tempfile.TemporaryFile().write(b'x' * 10**6)",
    ],
)
def test_a_process_that_breaks_its_limits_is_an_overrun(statement: str) -> None:
    with pytest.raises(confined.Overrun):
        run(statement)


def test_one_that_does_not_end_is_ended() -> None:
    began = time.monotonic()

    with pytest.raises(confined.Overrun):
        run("import time; time.sleep(60)", seconds=0.5)
    assert time.monotonic() - began < 5


def test_what_it_started_is_ended_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = f"import time; time.sleep(1); open({str(mark)!r}, 'w')"
    statement = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"

    with pytest.raises(confined.TooSlow):
        run(statement, seconds=0.8)
    time.sleep(2)

    assert not mark.exists()


def test_one_that_says_too_much_is_ended() -> None:
    with pytest.raises(confined.Overrun):
        run("import sys\nwhile True: sys.stdout.write('x' * 2**20)", seconds=60)


def test_what_it_said_before_its_end_is_heard() -> None:
    statement = "import os; os.write(1, b'one'); os.abort()"
    with confined.telling("timeit", "-n", "1", "-r", "1", "-s", statement) as process:
        assert confined.heard(process, until=time.monotonic() + 30) == b"one"


def test_one_that_nobody_listens_to_is_ended() -> None:
    with confined.telling("timeit", "-n", "1", "-r", "1", "-s", "import time; time.sleep(60)") as process:
        assert process.poll() is None

    assert process.poll() is not None
    assert not Path(f"/proc/{process.pid}").exists()
