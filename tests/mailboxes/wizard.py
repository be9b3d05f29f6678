"""The wizard's pages as a test goes through them."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from mailboxes.models import Mailbox
from tests.mailboxes import build
from tests.mailboxes.pages import Answer


def url(name: str, box: Mailbox, *args: str) -> str:
    return reverse(f"mailboxes:{name}", args=[box.pk, *args])


def post_step(browser: Client, box: Mailbox, step: str, data: dict[str, Any]) -> Answer:
    return browser.post(url("step", box, step), data)


def send(browser: Client, box: Mailbox, **others: Any) -> Answer:
    """Press the button of the review, with the declaration typed."""
    return browser.post(url("submit", box), {"declaration": "I declare"} | others)


def seen(browser: Client, box: Mailbox, step: str) -> str:
    """What the page of a step remembers of the saving that it shows."""
    found = re.search(r'name="seen" value="(\d*)"', browser.get(url("step", box, step)).content.decode())
    assert found is not None
    return found[1]


def kind() -> dict[str, str]:
    return {"kind": "PECMASSIVA", "plan": str(build.plan().pk)}
