"""The same message is posted by two at once, again and again: each is taken once."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import requests

from tests.torture.served import Served, served

TIMES: Final = 1000
_AT_ONCE: Final = 2


@dataclass(slots=True)
class Outcome:
    """How the requests were answered, and what is wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """In words."""
        return ", ".join(f"{count} × {answer}" for answer, count in sorted(self.answers.items()))


def posted(*, times: int, database: str = "") -> Outcome:
    """Post so many messages, each by two threads with the same key; then count what the portal has."""
    outcome, ids = Outcome(), set()
    with served(database=database) as here, ThreadPoolExecutor(_AT_ONCE) as threads, requests.Session() as session:
        pool = requests.adapters.HTTPAdapter(pool_maxsize=_AT_ONCE)
        session.mount("http://", pool)
        before = _count(session, here)
        for number in range(times):
            key = str(uuid.uuid4())
            made = list(threads.map(lambda _n, n=number, k=key: _post(session, here, n, k), range(_AT_ONCE)))
            outcome.answers.update(f"{status}{' again' if again else ''}" for status, again, _id in made)
            told = {message for status, _again, message in made if status == 201}
            ids |= told
            if len(told) != 1:
                outcome.faults.append(f"message {number}: {made}")
        have = _count(session, here) - before
    if not have == len(ids) == times:
        outcome.faults.append(f"{times} messages were posted, {len(ids)} were told, {have} are there")
    return outcome


def _post(session: requests.Session, here: Served, number: int, key: str) -> tuple[int, bool, str]:
    body = {"mailbox": here.mailbox, "to": "ditta@prova.example", "subject": f"Avviso {number}", "body": "Testo."}
    headers = {**here.headers, "Idempotency-Key": key}
    answer = session.post(f"{here.url}/api/v1/messages/", json=body, headers=headers, timeout=60)
    again = answer.headers.get("Idempotency-Replayed") == "true"
    return answer.status_code, again, answer.json().get("id", "")


def _count(session: requests.Session, here: Served) -> int:
    """All messages there are, by their pages."""
    count, cursor = 0, ""
    while True:
        query = {"limit": "200", "fields": "id", **({"cursor": cursor} if cursor else {})}
        page = session.get(f"{here.url}/api/v1/messages/", params=query, headers=here.headers, timeout=60).json()
        count += len(page["items"])
        if page["next"] is None:
            return count
        cursor = page["next"]
