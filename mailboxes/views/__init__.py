"""The mailboxes' pages: parse, call one work function, answer."""

from mailboxes.views.activating import (
    activation_form,
    documents,
    hand_in_again,
    page_picture,
    paper,
    put_paper,
    take_paper_back,
    use_paper_again,
)
from mailboxes.views.living import (
    adopt,
    confirm_order,
    expiries,
    record,
    renew,
    revoke,
    settle_order,
    withdraw_order,
)
from mailboxes.views.registering import availability, start, step, suggestions
from mailboxes.views.reviewing import ask_again, discard, review, submit
from mailboxes.views.watching import callback, credentials, detail, index, refresh, test_credentials

__all__ = [
    "activation_form",
    "adopt",
    "ask_again",
    "availability",
    "callback",
    "confirm_order",
    "credentials",
    "detail",
    "discard",
    "documents",
    "expiries",
    "hand_in_again",
    "index",
    "page_picture",
    "paper",
    "put_paper",
    "record",
    "refresh",
    "renew",
    "review",
    "revoke",
    "settle_order",
    "start",
    "step",
    "submit",
    "suggestions",
    "take_paper_back",
    "test_credentials",
    "use_paper_again",
    "withdraw_order",
]
