"""The receiver that the manual shows takes what the portal sends, once, and nothing else."""

import threading
from collections.abc import Iterator
from http.server import HTTPServer
from typing import Any

import pytest

from pecportal.webhooks import delivering, keeping, secrets, signing
from pecportal.webhooks.models import Delivery
from tests import examples
from tests.webhooks import build

SECRET = signing.written(b"0123456789abcdef0123456789abcdef")
BODY = b'{"id":"e1","type":"webhook.test","data":{}}'
NOW = 1_774_944_000


@pytest.fixture
def example() -> Any:
    return examples.load("receive_webhook")


@pytest.fixture
def server(example: Any) -> Iterator[Any]:
    running = HTTPServer(("127.0.0.1", 0), example.Receiver)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def signed(body: bytes = BODY, *, at: int = NOW, secret: str = SECRET) -> dict[str, str]:
    return signing.headers("e1", body, timestamp=at, secrets=[signing.read(secret)])


def test_what_is_signed_is_taken(example: Any) -> None:
    assert example.verified(BODY, signed(), SECRET, now=NOW + 10)["id"] == "e1"


def test_either_of_two_secrets_opens_it(example: Any) -> None:
    other = signing.written(signing.new())
    both = signing.headers("e1", BODY, timestamp=NOW, secrets=[signing.read(other), signing.read(SECRET)])

    assert example.verified(BODY, both, SECRET, now=NOW)
    assert example.verified(BODY, both, other, now=NOW)


@pytest.mark.parametrize(
    ("body", "headers", "now"),
    [
        (BODY + b" ", signed(), NOW),
        (BODY, signed(secret=signing.written(signing.new())), NOW),
        (BODY, signed(), NOW + 301),
        (BODY, signed(), NOW - 301),
        (BODY, {**signed(), "webhook-id": "e2"}, NOW),
        (BODY, {**signed(), "webhook-timestamp": str(NOW + 1)}, NOW),
        (BODY, {**signed(), "webhook-signature": "v1,"}, NOW),
        (BODY, {**signed(), "webhook-signature": signed()["webhook-signature"].replace("v1,", "v2,")}, NOW),
    ],
)
def test_what_is_not_the_portals_is_refused(example: Any, body: bytes, headers: dict[str, str], now: int) -> None:
    with pytest.raises(ValueError, match=r"signature|old"):
        example.verified(body, headers, SECRET, now=now)


def test_the_published_example_of_the_specification_is_signed_alike() -> None:
    """The vector of the specification's reference libraries (standard-webhooks/standard-webhooks, their tests)."""
    secret = signing.read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', timestamp=1614265330, secrets=[secret]
    )

    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="])
def test_what_is_no_secret_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signing.read(text)


@pytest.mark.django_db(transaction=True)
def test_the_example_receives_from_the_portal_and_takes_an_event_once(
    example: Any, server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = build.webhook(url=f"http://127.0.0.1:{server.server_address[1]}/")
    example.Receiver.secret = signing.written(secrets.current(hook))
    row = build.delivery(hook)
    delivering.run(linger=0, soon=0)
    row.refresh_from_db()
    keeping.redeliver(row, actor=hook.created_by)
    delivering.run(linger=0, soon=0)

    assert Delivery.objects.get().last_status == 204
    assert capsys.readouterr().out.count("message.status_changed") == 1
    example.Receiver.secret = SECRET
    build.delivery(hook)
    delivering.run(linger=0, soon=0)
    assert Delivery.objects.latest("pk").last_status == 401
