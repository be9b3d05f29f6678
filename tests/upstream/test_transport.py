"""How far an exchange came decides what its failure means; and no peer can hold it beyond its deadline."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pecportal.upstream import OutcomeUnknown, Unavailable, Upstream, UpstreamError
from pecportal.upstream.massiva import Attachment, Credentials, Outgoing
from tests.upstream.servers import Peer, Server, answer, deaf, mute, raw, trickle

ACCEPTED = {"success": True, "sent": 1, "message": "", "message_id": "2020082610003492"}


class Wire:
    """Counts how often the wire mark was asked for."""

    def __init__(self) -> None:
        self.marks = 0

    def __call__(self) -> None:
        self.marks += 1


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full: connections to it neither succeed nor fail."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    for sock in waiting:
        sock.settimeout(0)
        sock.connect_ex(listener.getsockname())
    yield int(listener.getsockname()[1])
    for sock in [*waiting, listener]:
        sock.close()


def test_a_refused_connection_sent_nothing(
    connect: Callable[..., Upstream], outgoing: Outgoing, credentials: Credentials, wire: Wire, free_port: int
) -> None:
    upstream = connect(massiva_url=f"http://127.0.0.1:{free_port}")

    with pytest.raises(Unavailable):
        upstream.massiva.send(outgoing, credentials=credentials, on_wire=wire)
    with pytest.raises(Unavailable):
        upstream.massiva.inbox(credentials)

    assert wire.marks == 0


def test_a_name_without_address_sent_nothing(
    connect: Callable[..., Upstream], outgoing: Outgoing, credentials: Credentials, wire: Wire
) -> None:
    upstream = connect(massiva_url=f"http://{'a' * 70}.example")

    with pytest.raises(Unavailable):
        upstream.massiva.send(outgoing, credentials=credentials, on_wire=wire)
    with pytest.raises(Unavailable):
        upstream.massiva.inbox(credentials)

    assert wire.marks == 0


def test_a_connection_that_does_not_come_about_in_time_sent_nothing(
    connect: Callable[..., Upstream], outgoing: Outgoing, credentials: Credentials, wire: Wire, full_port: int
) -> None:
    upstream = connect(massiva_url=f"http://127.0.0.1:{full_port}", connect_timeout=0.2)
    started = time.monotonic()

    with pytest.raises(Unavailable):
        upstream.massiva.send(outgoing, credentials=credentials, on_wire=wire)
    with pytest.raises(Unavailable):
        upstream.massiva.inbox(credentials)

    assert time.monotonic() - started < 1
    assert wire.marks == 0


def test_a_server_without_tls_where_tls_is_due_got_nothing(
    connect: Callable[..., Upstream], outgoing: Outgoing, credentials: Credentials, wire: Wire
) -> None:
    with Server(raw(b"nothing that TLS would say")) as plain:
        upstream = connect(massiva_url=plain.url.replace("http:", "https:"), connect_timeout=0.3)

        with pytest.raises(Unavailable):
            upstream.massiva.send(outgoing, credentials=credentials, on_wire=wire)

        assert wire.marks == 0
        assert plain.seen == []


def test_a_certificate_nobody_vouches_for_gets_nothing(
    connect: Callable[..., Upstream],
    outgoing: Outgoing,
    credentials: Credentials,
    wire: Wire,
    certificate: tuple[ssl.SSLContext, Path],
) -> None:
    with Server(answer(201, ACCEPTED), tls=certificate[0]) as stranger:
        upstream = connect(massiva_url=stranger.url)

        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            upstream.massiva.send(outgoing, credentials=credentials, on_wire=wire)
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            upstream.massiva.inbox(credentials)

        assert wire.marks == 0
        assert stranger.seen == []


def test_a_certificate_of_a_trusted_authority_for_another_name_gets_nothing(
    connect: Callable[..., Upstream],
    outgoing: Outgoing,
    credentials: Credentials,
    certificate: tuple[ssl.SSLContext, Path],
) -> None:
    with Server(answer(201, ACCEPTED), tls=certificate[0]) as other:
        address = other.url.replace("127.0.0.1", "localhost")
        upstream = connect(massiva_url=address, ca_bundle=str(certificate[1]))

        with pytest.raises(Unavailable, match="mismatch"):
            upstream.massiva.send(outgoing, credentials=credentials)

        assert other.seen == []


def test_a_trusted_server_is_spoken_to_over_tls(
    connect: Callable[..., Upstream],
    outgoing: Outgoing,
    credentials: Credentials,
    wire: Wire,
    certificate: tuple[ssl.SSLContext, Path],
    tmp_path: Path,
) -> None:
    (tmp_path / "big").write_bytes(b"x" * 3_000_000)
    big = Attachment("big", tmp_path / "big", "", 3_000_000)
    message = Outgoing(outgoing.sender, outgoing.recipient, outgoing.subject, outgoing.body, (big,))
    with Server(answer(201, ACCEPTED), tls=certificate[0]) as trusted:
        upstream = connect(massiva_url=trusted.url, ca_bundle=str(certificate[1]))

        accepted = upstream.massiva.send(message, credentials=credentials, on_wire=wire)
        trusted.then(answer(200, {"success": True, "data": []}))
        upstream.massiva.inbox(credentials)
        upstream.massiva.inbox(credentials)

        assert accepted.code == ACCEPTED["message_id"]
        assert wire.marks == 1
        assert len(trusted.seen[0].body) == int(trusted.seen[0].headers["content-length"]) > 4_000_000
        assert trusted.connections == 2


def test_a_trickle_over_tls_ends_at_the_deadline(
    connect: Callable[..., Upstream],
    outgoing: Outgoing,
    credentials: Credentials,
    certificate: tuple[ssl.SSLContext, Path],
) -> None:
    with Server(trickle(b"HTTP/1.1 201 Created\r\n\r\n"), tls=certificate[0]) as slow:
        upstream = connect(massiva_url=slow.url, ca_bundle=str(certificate[1]))
        started = time.monotonic()

        with pytest.raises(OutcomeUnknown):
            upstream.massiva.send(outgoing, credentials=credentials, deadline=0.5)

        assert 0.4 < time.monotonic() - started < 1.5


SLOW: dict[str, Any] = {
    "silence": mute,
    "a trickled head": trickle(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 1000),
    "a trickled body": trickle(b"HTTP/1.1 200 OK\r\n\r\n{", pause=0.01),
    "endless 100s": trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, pause=0.001),
}


@pytest.mark.parametrize("slow", SLOW)
def test_a_slow_answer_to_a_send_ends_uncertain_at_the_deadline(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, slow: str
) -> None:
    server.then(SLOW[slow])
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        upstream.massiva.send(outgoing, credentials=credentials, deadline=0.4)

    assert 0.3 < time.monotonic() - started < 1


@pytest.mark.parametrize("slow", SLOW)
def test_a_slow_answer_to_a_read_ends_at_the_deadline(
    server: Server, connect: Callable[..., Upstream], credentials: Credentials, slow: str
) -> None:
    server.then(SLOW[slow])
    upstream = connect(read_timeout=0.4)
    started = time.monotonic()

    with pytest.raises(Unavailable):
        upstream.massiva.inbox(credentials)

    assert 0.3 < time.monotonic() - started < 1


def test_a_server_that_stops_reading_ends_the_send_at_the_deadline(
    server: Server, upstream: Upstream, credentials: Credentials, tmp_path: Path
) -> None:
    server.then(deaf)
    (tmp_path / "big").write_bytes(bytes(12_000_000))
    big = Attachment("big", tmp_path / "big", "", 12_000_000)
    message = Outgoing("a@prova.example", "b@prova.example", "s", "b", (big,))
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown, match="incomplete"):
        upstream.massiva.send(message, credentials=credentials, deadline=0.5)

    assert 0.4 < time.monotonic() - started < 1.5


def test_a_send_that_has_no_time_left_does_not_start(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, wire: Wire
) -> None:
    with pytest.raises(Unavailable):
        upstream.massiva.send(outgoing, credentials=credentials, on_wire=wire, deadline=0)

    assert wire.marks == 0
    assert server.connections == 0


def test_a_wire_mark_that_took_all_the_time_leaves_the_send_uncertain(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials
) -> None:
    with pytest.raises(OutcomeUnknown):
        upstream.massiva.send(outgoing, credentials=credentials, on_wire=lambda: time.sleep(0.3), deadline=0.2)

    assert server.wait_for_requests(1)[0].body == b""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, status: int
) -> None:
    with Server(answer(201, ACCEPTED)) as elsewhere:
        server.then(answer(status, b"", {"Location": f"{elsewhere.url}/send"}))

        with pytest.raises(OutcomeUnknown):
            upstream.massiva.send(outgoing, credentials=credentials)
        with pytest.raises(Unavailable):
            upstream.massiva.inbox(credentials)

        assert elsewhere.connections == 0
        assert len(server.seen) == 2


def test_the_environment_names_no_proxy(
    server: Server,
    upstream: Upstream,
    outgoing: Outgoing,
    credentials: Credentials,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login stranger password stranger\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Server(answer(201, ACCEPTED)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)

        server.then(answer(201, ACCEPTED), answer(200, {"success": True, "data": []}))
        upstream.massiva.send(outgoing, credentials=credentials)
        upstream.massiva.inbox(credentials)

        assert proxy.connections == 0
        assert all(seen.headers["authorization"].startswith("Bearer ") for seen in server.seen)


def test_each_send_has_a_connection_of_its_own(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials
) -> None:
    server.then(answer(201, ACCEPTED))

    for _ in range(3):
        upstream.massiva.send(outgoing, credentials=credentials)

    assert server.connections == 3


def test_reads_share_a_connection_and_carry_no_cookies(
    server: Server, upstream: Upstream, credentials: Credentials
) -> None:
    server.then(answer(200, {"success": True, "data": []}, {"Set-Cookie": "mailbox=one; Path=/"}))

    for _ in range(3):
        upstream.massiva.inbox(credentials)

    assert server.connections == 1
    assert not any("cookie" in seen.headers for seen in server.seen)


def test_a_stale_connection_neither_repeats_nor_loses_a_read(
    server: Server, upstream: Upstream, credentials: Credentials
) -> None:
    def answer_and_hang_up(server: Server, peer: Peer) -> bool:
        answer(200, {"success": True, "data": []})(server, peer)
        return False

    server.then(answer_and_hang_up)
    for _ in range(10):
        upstream.massiva.inbox(credentials)
        time.sleep(0.01)

    assert len(server.seen) == 10


def test_a_request_cut_off_on_a_kept_connection_is_not_repeated(
    server: Server, upstream: Upstream, credentials: Credentials
) -> None:
    server.then(answer(200, {"success": True, "data": []}), raw(b"", reset=True))
    upstream.massiva.inbox(credentials)

    with pytest.raises(Unavailable):
        upstream.massiva.inbox(credentials)

    assert len(server.seen) == 2


def test_a_forked_child_does_not_read_from_its_parents_connection(server: Server) -> None:
    server.then(answer(200, {"success": True, "data": []}))
    script = f"""
import os
from pecportal.upstream import Config, Upstream
from pecportal.upstream.massiva import Credentials
url = {server.url!r}
addresses = dict.fromkeys(("pec_url", "massiva_url", "company_url", "oauth_url"), url)
config = Config.for_environment("sandbox", token="t0ken", **addresses)
upstream, who = Upstream(config), Credentials("u", "p")
upstream.massiva.inbox(who)
if os.fork() == 0:
    upstream.massiva.inbox(who)
    os._exit(0)
os.wait()
upstream.massiva.inbox(who)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=20, cwd=Path(__file__).parents[2])

    assert [seen.connection for seen in server.seen] == [1, 2, 1]


def test_an_answer_given_before_the_upload_ended_is_heard(
    server: Server, upstream: Upstream, credentials: Credentials, tmp_path: Path
) -> None:
    def too_large(server: Server, peer: Peer) -> bool:
        peer.head()
        body = b'{"success": false, "message": "too large"}'
        peer.sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        peer.reset_after_client()
        return False

    server.then(too_large)
    (tmp_path / "big").write_bytes(bytes(12_000_000))
    big = Attachment("big", tmp_path / "big", "", 12_000_000)

    with pytest.raises(UpstreamError) as caught:
        upstream.massiva.send(Outgoing("a@prova.example", "b@prova.example", "s", "b", (big,)), credentials=credentials)

    assert (caught.value.status, caught.value.message) == (413, "too large")


def test_an_acceptance_of_half_a_message_is_uncertain(
    server: Server, upstream: Upstream, credentials: Credentials, tmp_path: Path
) -> None:
    def hasty(server: Server, peer: Peer) -> bool:
        peer.head()
        body = b'{"success": true, "sent": 1, "message_id": "2020082610003492"}'
        peer.sock.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        peer.reset_after_client()
        return False

    server.then(hasty)
    (tmp_path / "big").write_bytes(bytes(12_000_000))
    big = Attachment("big", tmp_path / "big", "", 12_000_000)

    with pytest.raises(OutcomeUnknown, match="before the whole request had left"):
        upstream.massiva.send(Outgoing("a@prova.example", "b@prova.example", "s", "b", (big,)), credentials=credentials)
