"""Faults on demand of the next POST /send."""

import json

import pytest
import requests

from tests.sandbox.callers import Caller


@pytest.mark.parametrize("taken", [True, False])
def test_an_answer_can_be_dropped_after_or_before_taking(box: Caller, taken: bool) -> None:
    assert box.token
    box.sandbox.drop_next_answer(after_accepting=taken)

    with pytest.raises(requests.ConnectionError, match="without response"):
        box.send()

    assert box.sandbox.sent_count == int(taken)
    assert box.send().status_code == 201


@pytest.mark.parametrize("status", [200, 201, 302, 400, 402, 408, 413, 418, 425, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("taken", [True, False])
def test_any_status_can_be_answered_after_or_before_taking(box: Caller, status: int, taken: bool) -> None:
    box.sandbox.fail_next(status, after_accepting=taken, headers={"Retry-After": "7"})

    answer = box.call("POST", "/send", json=box.message(), allow_redirects=False)

    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert answer.headers["retry-after"] == "7"
    assert box.sandbox.sent_count == int(taken)


def test_any_body_can_be_answered(box: Caller) -> None:
    for body in (b"<html>", b"", b'{"success": true, "sent": 1, "message_id"'):
        box.sandbox.fail_next(201, body=body)
        assert box.send().content == body

    assert box.sandbox.sent_count == 0


def test_faults_wait_in_their_order_for_good_requests(box: Caller) -> None:
    box.sandbox.fail_next(500)
    box.sandbox.fail_next(502)

    answers = [box.send(password="sbagliata"), box.send(subject=""), box.send(), box.send(), box.send()]

    assert [answer.status_code for answer in answers] == [401, 400, 500, 502, 201]


def test_a_fault_comes_before_what_the_recipient_means(box: Caller) -> None:
    box.sandbox.fail_next(503)

    assert box.send("rifiutata@prova.example").status_code == 503
    assert box.send("rifiutata@prova.example").status_code == 400


def test_the_errors_words_are_the_vendors(box: Caller) -> None:
    words = {}
    for status in (400, 401, 500):
        box.sandbox.fail_next(status)
        words[status] = json.loads(box.send().content)["message"]

    assert words == {
        400: "Post parameter is not valid",
        401: "Authorization is not valid or empty",
        500: "MySQL Error 2006",
    }
