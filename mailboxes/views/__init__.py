"""The mailboxes' pages: parse, call one work function, answer."""

from mailboxes.views.activating import activation_form, documents
from mailboxes.views.registering import ask_again, availability, review, start, step, submit
from mailboxes.views.watching import callback, credentials, detail, index, refresh, test_credentials

__all__ = [
    "activation_form",
    "ask_again",
    "availability",
    "callback",
    "credentials",
    "detail",
    "documents",
    "index",
    "refresh",
    "review",
    "start",
    "step",
    "submit",
    "test_credentials",
]
