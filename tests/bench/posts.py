"""Messages posted to one web process, each durable when it is answered; and a large file on its way in."""

import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.bench.rows import Row
from tests.torture.served import Served, served
from tests.worlds import bench_database, in_session

MESSAGES = 1500
AT_ONCE = 8
BODY = {"mailbox": "", "to": "ditta@prova.example", "subject": "Avviso", "body": "Testo."}
SIZE = 72 * 10**6  # bytes: the largest that fits into a message as base64


def main() -> None:
    """Post as quickly as they are answered; then one with a large file, and look at the memory."""
    with bench_database() as database, served(database=database) as here:
        _post(here, 100)  # what is loaded once does not count
        begun = time.perf_counter()
        _post(here, MESSAGES)
        a_second = MESSAGES / (time.perf_counter() - begun)
        Row("messages a second, each durable when answered", "one web process", a_second, 150).tell()
        before = _memory(here)
        _post_file(here)
        grown = (_memory(here) - before) / 10**6
        Row("MB that the web process grows by a file of 72 MB", "its peak", grown, 10, at_most=True).tell()


def _post(here: Served, count: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda part: _some(here, part), [count // AT_ONCE] * AT_ONCE))


def _some(here: Served, count: int) -> None:
    with requests.Session() as session:
        for _n in range(count):
            body = {**BODY, "mailbox": here.mailbox}
            headers = {**here.headers, "Idempotency-Key": str(uuid.uuid4())}
            answer = session.post(f"{here.url}/api/v1/messages/", json=body, headers=headers, timeout=60)
            answer.raise_for_status()


def _post_file(here: Served) -> None:
    boundary = uuid.uuid4().hex
    with tempfile.TemporaryFile() as form:
        for name, value in BODY.items():
            told = value or here.mailbox
            form.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{told}\r\n'.encode())
        head = 'Content-Disposition: form-data; name="files"; filename="grande.txt"\r\nContent-Type: text/plain'
        form.write(f"--{boundary}\r\n{head}\r\n\r\n".encode())
        for _n in range(SIZE // 10**6):
            form.write(b"Una riga.\n" * 10**5)
        form.write(f"\r\n--{boundary}--\r\n".encode())
        form.seek(0)
        headers = {**here.headers, "Idempotency-Key": boundary}
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        url = f"{here.url}/api/v1/messages/"
        requests.post(url, data=form, headers=headers, timeout=300).raise_for_status()


def _memory(here: Served) -> int:
    """The most that the web's processes had so far, in bytes."""
    found = 0
    for pid in in_session(here.leader):
        status = Path(f"/proc/{pid}/status").read_text()
        found += next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return found


if __name__ == "__main__":
    main()
