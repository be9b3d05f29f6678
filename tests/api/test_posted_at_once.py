"""Messages that are posted at the same moment are taken in together, each once and each for itself."""

import hashlib
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, connections
from rest_framework.response import Response

from campaigns.api import messages
from campaigns.models import Campaign, Message, OwnFile
from campaigns.sending import posting
from mailboxes.models import Mailbox
from pecportal.api import idempotency
from pecportal.api.models import KeptAnswer
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from tests import build as kernel
from tests.api.build import Caller, caller, program
from tests.api.posts import MESSAGES, message, post
from tests.engine import draft
from tests.worlds import ADDRESS, until

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(posts: list[tuple[Caller, dict[str, Any], str]], office: Organisation) -> list[Any]:
    """Post all with their keys while the organisation's turn is taken, so that they wait together; the answers."""
    answers: dict[int, Any] = {}

    def ask(place: int) -> None:
        erp, body, key = posts[place]
        try:
            answers[place] = post(Caller(erp.key), body, key=key)
        finally:
            connections.close_all()

    def waits(count: int) -> bool:
        return sum(map(len, messages._posted._waiting.values())) == count

    with posting.turn(office):
        threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(posts))]
        for n, thread in enumerate(threads, 1):
            thread.start()
            until(partial(waits, n), "it waits", seconds=30)
    for thread in threads:
        thread.join(60)
    assert messages._posted._coming == 0
    return [answers[place] for place in range(len(posts))]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages were taken in together, each time."""
    found, post_each = [], posting.post_each

    def act(sender: Mailbox, letters: Sequence[posting.Read], **given: Any) -> list[Message]:
        found.append(len(letters))
        return post_each(sender, letters, **given)

    monkeypatch.setattr(posting, "post_each", act)
    return found


def test_what_comes_at_once_is_taken_in_one_transaction(mailbox: Mailbox, erp: Caller, counted: list[int]) -> None:
    post(erp, message(mailbox))
    bodies = [(message(mailbox, to=f"d{n}@prova.example", client_reference=str(n)), f"ordine-{n}") for n in range(4)]

    answers = at_once([(erp, *each) for each in bodies], mailbox.organisation)

    assert [answer.status_code for answer in answers] == [201] * 4
    assert [(answer.json()["to"], answer.json()["client_reference"]) for answer in answers] == [
        (f"d{n}@prova.example", str(n)) for n in range(4)
    ]
    assert list(Message.objects.order_by("pk").values_list("line", flat=True)) == [1, 2, 3, 4, 5]
    assert [post(erp, body, key=key).json() for body, key in bodies] == [answer.json() for answer in answers]
    assert Message.objects.count() == Campaign.objects.get(stream_day__isnull=False).recipients_total == 5
    assert counted == [1, 4]


def test_of_two_at_once_with_one_key_one_is_taken(mailbox: Mailbox, erp: Caller) -> None:
    same, other = message(mailbox), message(mailbox, subject="Altro")
    posts = [(erp, same, "ordine-1"), (erp, same, "ordine-1"), (erp, other, "ordine-1"), (erp, other, "ordine-2")]

    first, again, wrong, alone = at_once(posts, mailbox.organisation)

    assert (first.status_code, again.status_code, wrong.status_code, alone.status_code) == (201, 201, 422, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert wrong.json()["type"].endswith("/idempotency-key-reused/")
    assert Message.objects.count() == 2


def test_each_program_posts_with_its_own_rights_and_in_its_own_name(mailbox: Mailbox, counted: list[int]) -> None:
    office = mailbox.organisation
    other = draft(sender="altra@prova.example").mailbox
    Mailbox.objects.filter(pk=other.pk).update(organisation=office)
    one, two = (caller(office, Role.MESSAGES_SEND) for _n in range(2))
    limited = Caller(program(office, Role.MESSAGES_SEND, mailboxes=frozenset({other.pk}))[1])

    posts = [(one, message(mailbox), "a"), (two, message(mailbox), "b"), (limited, message(mailbox), "c"),
             (limited, message(other), "d")]  # fmt: skip
    answers = at_once(posts, office)

    assert [answer.status_code for answer in answers] == [201, 201, 400, 201]
    assert answers[2].json()["errors"][0]["pointer"] == "/mailbox"
    makers = list(Message.objects.order_by("pk").values_list("campaign__created_by", flat=True))
    assert len(set(makers)) == 3
    assert {answer.json()["mailbox"]["address"] for answer in (answers[0], answers[3])} == {ADDRESS, other.address}
    assert counted == [1, 1, 1]


def test_requests_of_several_are_never_carried_out_together(mailbox: Mailbox) -> None:
    users = [kernel.user(mailbox.organisation) for _n in range(2)]
    asked = [idempotency.Asked(Mock(user=user), "ordine-1", "") for user in users]
    with pytest.raises(ValueError, match="unpack"):
        idempotency.each_once(asked, lambda places: [Response() for _place in places])


def test_one_whose_address_is_wrong_is_refused_before_it_waits(
    mailbox: Mailbox, erp: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "_posted", Mock(wraps=messages._posted))

    refused = post(erp, message(mailbox, to="nessuno"), key="ordine-1")

    assert refused.status_code == 409
    assert not messages._posted.do.called  # type: ignore[attr-defined]
    assert post(erp, message(mailbox), key="ordine-2").status_code == 201
    assert messages._posted.do.called  # type: ignore[attr-defined]
    assert not KeptAnswer.objects.filter(key="ordine-1").exists()


def test_as_many_are_taken_as_the_day_has_left(mailbox: Mailbox, erp: Caller) -> None:
    Organisation.objects.update(programs_daily_limit=2)

    answers = at_once([(erp, message(mailbox), f"ordine-{n}") for n in range(3)], mailbox.organisation)

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409]
    assert Message.objects.count() == 2


def test_what_was_taken_before_something_broke_is_not_taken_again(
    mailbox: Mailbox, erp: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    each_once = idempotency.each_once

    def broken(asked: Sequence[idempotency.Asked], act: Any) -> Any:
        found = each_once(asked, act)
        if len(asked) > 1:
            raise RuntimeError("After the commit.")
        return found

    monkeypatch.setattr(idempotency, "each_once", broken)
    posts = [(erp, message(mailbox), f"ordine-{n}") for n in range(3)]

    answers = at_once(posts, mailbox.organisation)

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == Message.objects.count() == 3


def test_when_the_database_goes_all_are_told_and_files_stay(
    mailbox: Mailbox, erp: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(idempotency, "each_once", away)
    answers = at_once([(erp, message(mailbox), f"ordine-{n}") for n in range(2)], mailbox.organisation)
    assert [answer.status_code for answer in answers] == [503, 503]

    form = {**message(mailbox), "files": SimpleUploadedFile("nota.txt", b"Testo.")}
    assert erp.client.post(MESSAGES, form, headers={"Idempotency-Key": "ordine-3"}).status_code == 503
    assert [path.read_bytes() for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == [b"Testo."]


@pytest.mark.parametrize("body", [{"subject": ""}, {"to": "nessuno"}, {"mailbox": "altra@prova.example"}, {"x": 1}])
def test_a_key_that_was_used_tells_so_before_what_is_wrong_with_another_body(
    mailbox: Mailbox, erp: Caller, body: dict[str, Any]
) -> None:
    assert post(erp, message(mailbox), key="ordine-1").status_code == 201

    answer = post(erp, message(mailbox, **body), key="ordine-1")

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/idempotency-key-reused/")


@pytest.mark.parametrize("given", [{}, {"subject": ""}])
def test_whoever_posts_is_waited_for_until_it_is_answered(
    mailbox: Mailbox, erp: Caller, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    seen, key_of = [], idempotency.needed_key

    def looked(request: Any) -> str:
        seen.append(messages._posted._coming)
        return key_of(request)

    monkeypatch.setattr(idempotency, "needed_key", looked)

    post(erp, message(mailbox, **given))
    post(Caller("ppk_unknown"), message(mailbox))
    post(erp, message(mailbox, body="x" * 70_000))

    assert seen == [1, 0]
    assert messages._posted._coming == 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time: who comes later waits")
def test_a_key_that_another_process_is_at_work_on_hinders_none_beside_it(mailbox: Mailbox) -> None:
    who, key = program(mailbox.organisation, Role.MESSAGES_SEND)
    posts = [(Caller(key), message(mailbox), f"ordine-{n}") for n in range(3)]
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [idempotency._number(who.pk, "ordine-1")])

        answers = at_once(posts, mailbox.organisation)
    finally:
        other.close()

    assert [answer.status_code for answer in answers] == [201, 409, 201]
    assert answers[1].headers["Retry-After"] == "1"
    assert post(*posts[1][:2], key="ordine-1").status_code == 201


def test_files_that_are_posted_at_once_go_each_with_its_message(mailbox: Mailbox, erp: Caller) -> None:
    def ask(place: int) -> None:
        form = {**message(mailbox), "files": SimpleUploadedFile(f"{place}.txt", f"Testo {place}.".encode())}
        headers = {"Idempotency-Key": f"ordine-{place}"}
        try:
            answers[place] = Caller(erp.key).client.post(MESSAGES, form, headers=headers)
        finally:
            connections.close_all()

    answers: dict[int, Any] = {}
    threads = [threading.Thread(target=ask, args=(place,)) for place in range(3)]
    with posting.turn(mailbox.organisation):
        for thread in threads:
            thread.start()
        until(lambda: sum(map(len, messages._posted._waiting.values())) == 3, "all wait", seconds=30)
    for thread in threads:
        thread.join(60)

    for place in range(3):
        (told,) = answers[place].json()["files"]
        assert told["sha256"] == hashlib.sha256(f"Testo {place}.".encode()).hexdigest()
        own = OwnFile.objects.get(name=f"{place}.txt")
        assert (Path(settings.MEDIA_ROOT) / own.stored_as).read_bytes() == f"Testo {place}.".encode()
