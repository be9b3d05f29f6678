"""A send: what goes over the wire, when it is marked, and that nothing is taken when it stops before."""

import base64
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pecportal.upstream import OutcomeUnknown, Rejected, Unavailable, Upstream
from pecportal.upstream.massiva import Attachment, Credentials, Outgoing
from pecportal.upstream.streaming import BLOCK
from tests.upstream.servers import Peer, Seen, Server, answer, mute

ACCEPTED = {"success": True, "sent": 1, "message": "", "message_id": "2020082610003492"}


def attachment(path: Path, content: bytes, *, name: str = "a.pdf", kind: str = "application/pdf") -> Attachment:
    path.write_bytes(content)
    return Attachment(name, path, kind, len(content))


def test_the_request_holds_the_message_and_both_sign_ins(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials
) -> None:
    server.then(answer(201, ACCEPTED))

    upstream.massiva.send(outgoing, credentials=credentials)

    seen = server.seen[0]
    assert (seen.method, seen.target) == ("POST", "/send")
    assert seen.json() == {
        "sender": outgoing.sender,
        "recipient": outgoing.recipient,
        "subject": outgoing.subject,
        "body": "<p>Città</p>",
        "username": credentials.username,
        "password": credentials.password,
    }
    assert seen.headers["authorization"] == "Bearer ready-token-0123456789"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["connection"] == "close"
    assert "transfer-encoding" not in seen.headers


SIZES = [0, 1, 2, 3, 4, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 2]


@pytest.mark.parametrize("size", SIZES)
def test_a_file_arrives_byte_for_byte_with_an_exact_length(
    server: Server,
    upstream: Upstream,
    outgoing: Outgoing,
    credentials: Credentials,
    tmp_path: Path,
    size: int,
) -> None:
    content = os.urandom(size)
    server.then(answer(201, ACCEPTED))

    upstream.massiva.send(
        replace(outgoing, attachments=(attachment(tmp_path / "a", content),)), credentials=credentials
    )

    seen = server.seen[0]
    assert len(seen.body) == int(seen.headers["content-length"])
    scheme, _, text = seen.json()["attachments"][0]["file"].partition(",")
    assert scheme == "data:application/pdf;base64"
    assert base64.b64decode(text, validate=True) == content


def test_several_files_keep_their_order_names_and_types(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, tmp_path: Path
) -> None:
    files = (
        attachment(tmp_path / "1", b"one", name='perché "sì".pdf'),
        attachment(tmp_path / "2", b"", name="vuoto.txt", kind=""),
        attachment(tmp_path / "3", b"three" * 99_999, name="città.p7m", kind="application/pkcs7-mime"),
    )
    server.then(answer(201, ACCEPTED))

    upstream.massiva.send(replace(outgoing, attachments=files), credentials=credentials)

    sent = server.seen[0].json()["attachments"]
    assert [each["name"] for each in sent] == ['perché "sì".pdf', "vuoto.txt", "città.p7m"]
    assert [each["file"].partition(";")[0] for each in sent] == [
        "data:application/pdf",
        "data:application/octet-stream",
        "data:application/pkcs7-mime",
    ]
    assert base64.b64decode(sent[2]["file"].partition(",")[2]) == b"three" * 99_999


def test_the_wire_is_marked_once_after_the_headers_and_before_the_body(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, tmp_path: Path
) -> None:
    headers_in, marks, body_before_mark = threading.Event(), [], []

    def watch(server: Server, peer: Peer) -> bool:
        lines = peer.head()
        headers_in.set()
        assert lines is not None
        peer.sock.settimeout(0.2)
        try:
            body_before_mark.append(peer.sock.recv(1))
        except TimeoutError:
            body_before_mark.append(b"")
        return mute(server, peer)

    def mark() -> None:
        assert headers_in.wait(2)
        marks.append(time.monotonic())
        time.sleep(0.4)

    server.then(watch)
    message = replace(outgoing, attachments=(attachment(tmp_path / "a", b"x" * 500_000),))
    with pytest.raises(OutcomeUnknown):
        upstream.massiva.send(message, credentials=credentials, on_wire=mark, deadline=1)

    assert len(marks) == 1
    assert body_before_mark == [b""]


@pytest.mark.parametrize(
    "refusal",
    [
        RuntimeError("the lease is lost"),
        OSError("disk full"),
        ConnectionResetError("database gone"),
        BrokenPipeError("database gone"),
        TimeoutError("commit"),
        ValueError("x"),
        SystemExit(1),
        KeyboardInterrupt(),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
def test_a_refused_wire_mark_leaves_nothing_taken(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, refusal: BaseException
) -> None:
    server.then(answer(201, ACCEPTED))

    def refuse() -> None:
        raise refusal

    with pytest.raises(type(refusal)) as caught:
        upstream.massiva.send(outgoing, credentials=credentials, on_wire=refuse)

    assert caught.value is refusal
    seen = server.wait_for_requests(1)[0]
    assert seen.body == b""
    assert int(seen.headers["content-length"]) > 0


@pytest.mark.parametrize("told", [4, 6])
def test_a_file_of_another_size_than_told_is_not_sent(
    server: Server,
    upstream: Upstream,
    outgoing: Outgoing,
    credentials: Credentials,
    tmp_path: Path,
    told: int,
) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    message = replace(outgoing, attachments=(Attachment("a", tmp_path / "a", "", told),))

    with pytest.raises(Unavailable, match="5 bytes"):
        upstream.massiva.send(message, credentials=credentials)

    assert server.connections == 0


def test_a_missing_file_is_not_sent(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, tmp_path: Path
) -> None:
    message = replace(outgoing, attachments=(Attachment("a", tmp_path / "none", "", 5),))

    with pytest.raises(Unavailable):
        upstream.massiva.send(message, credentials=credentials)

    assert server.connections == 0


@pytest.mark.parametrize("change", [-1, -100_000, +1])
def test_a_file_that_changes_while_it_is_sent_breaks_the_send_off(
    server: Server,
    upstream: Upstream,
    outgoing: Outgoing,
    credentials: Credentials,
    tmp_path: Path,
    change: int,
) -> None:
    size = 300_000
    file = attachment(tmp_path / "a", bytes(size))

    with pytest.raises(OutcomeUnknown, match="incomplete"):
        upstream.massiva.send(
            replace(outgoing, attachments=(file,)),
            credentials=credentials,
            on_wire=lambda: os.truncate(file.path, size + change),
        )

    seen = server.wait_for_requests(1)[0]
    assert 0 < len(seen.body) < int(seen.headers["content-length"])


def test_a_file_that_is_deleted_while_it_is_sent_is_sent_whole(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, tmp_path: Path
) -> None:
    server.then(answer(201, ACCEPTED))
    file = attachment(tmp_path / "a", b"x" * 300_000)

    upstream.massiva.send(replace(outgoing, attachments=(file,)), credentials=credentials, on_wire=file.path.unlink)

    assert len(server.seen[0].body) == int(server.seen[0].headers["content-length"])


def test_text_that_is_no_unicode_is_refused_before_anything_leaves(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials
) -> None:
    with pytest.raises(ValueError, match="surrogates"):
        upstream.massiva.send(replace(outgoing, subject="a\ud800"), credentials=credentials)

    assert server.connections == 0


@pytest.mark.parametrize("word", ["a\r\nX-Admin: 1", "a\nb", "a\x00", "\x7f", "\ud800"])
def test_credentials_that_no_header_can_carry_are_refused(word: str) -> None:
    for username, password in ((word, "fine-password"), ("ufficio@prova.example", word)):
        with pytest.raises(ValueError, match="user name or password") as caught:
            Credentials(username, password)
        assert word not in str(caught.value)


def test_sixty_four_threads_send_through_one_client(
    connect: Callable[..., Upstream], server: Server, outgoing: Outgoing, credentials: Credentials
) -> None:
    def echo(server: Server, peer: Peer) -> bool:
        seen = peer.request()
        if seen is None:
            return False
        server.stopped.wait(0.05)
        code = seen.json()["subject"]
        return answer_to(seen, code)(server, peer)

    def answer_to(seen: Seen, code: str) -> Callable[[Server, Peer], bool]:
        def react(server: Server, peer: Peer) -> bool:
            server.seen.append(seen)
            body = b'{"success":true,"sent":1,"message_id":"%s"}' % code.encode()
            peer.sock.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return False

        return react

    server.then(echo)
    upstream = connect(send_deadline=20)
    codes = [f"{20200826100034000 + number}" for number in range(256)]

    def send(code: str) -> str:
        return upstream.massiva.send(replace(outgoing, subject=code), credentials=credentials).code

    with ThreadPoolExecutor(64) as threads:
        assert list(threads.map(send, codes)) == codes

    assert len(server.seen) == 256


def test_a_refused_sign_in_is_not_repeated_by_the_client(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials
) -> None:
    server.then(answer(401, {"success": False, "message": "Authorization is not valid or empty"}))

    with pytest.raises(Rejected) as caught:
        upstream.massiva.send(outgoing, credentials=credentials)

    assert caught.value.status == 401
    assert len(server.seen) == 1


def test_a_hundred_megabytes_are_sent_in_four_of_memory(server: Server, tmp_path: Path) -> None:
    size = 100 * 1024 * 1024

    def discard(server: Server, peer: Peer) -> bool:
        lines = peer.head()
        assert lines is not None
        length = next(int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length"))
        peer.body(length, at_most=0)
        peer.sock.sendall(
            b"HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n"
            b'{"success":true,"sent":1,"message_id":"2020082610003492"}'
        )
        return False

    server.then(discard)
    (tmp_path / "big").touch()
    os.truncate(tmp_path / "big", size)
    script = f"""
import pathlib, resource, tracemalloc
from pecportal.upstream import Config, Upstream
from pecportal.upstream.massiva import Attachment, Credentials, Outgoing
addresses = dict.fromkeys(("pec_url", "massiva_url", "company_url", "oauth_url"), {server.url!r})
upstream = Upstream(Config.for_environment("sandbox", token="t0ken", **addresses))
big = Attachment("big", pathlib.Path({str(tmp_path / "big")!r}), "", {size})
def send(*files):
    upstream.massiva.send(Outgoing("a", "b", "c", "d", files), credentials=Credentials("u", "p"))
send()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
send(big)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
tracemalloc.start()
send(big)
print(tracemalloc.get_traced_memory()[1])
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )

    resident, traced = map(int, ran.stdout.split())
    assert resident * (1 if sys.platform == "linux" else 1 / 1024) <= 4 * 1024  # KiB
    assert traced <= 4 * 1024 * 1024
