"""What tests of the console's desks do as an operator would."""

import re

from django.test import Client
from django.urls import reverse


def desk_page(operator: Client, name: str, **query: int) -> str:
    answer = operator.get(reverse("console:desk", args=[name]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def chosen(operator: Client, name: str, act: str, keys: list[str], **more: str) -> str:
    answer = operator.post(reverse("console:choose", args=[name]), {"act": act, "item": keys, **more}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def done(operator: Client, preview: str, *, reason: str = "It has waited for long") -> str:
    """Send a preview's form, as the browser would."""
    name = re.search(r'action="/admin/console/(\w+)/do/"', preview)
    assert name is not None
    fields = re.findall(r'<input type="hidden" name="(token|act|item)" value="([^"]+)"', preview)
    data = {key: [value for each, value in fields if each == key] for key, _value in fields}
    answer = operator.post(reverse("console:perform", args=[name[1]]), {**data, "reason": reason}, follow=True)
    return answer.content.decode()
