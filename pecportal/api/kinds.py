"""The kinds of problems that the API tells: each has a page, to which the `type` of an answer leads."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its title, and what whoever wrote the program does about it."""

    slug: str
    status: int
    title: str | Promise
    advice: str | Promise


KINDS: Final[dict[str, Kind]] = {}


def add(*kinds: Kind) -> None:
    """Make more kinds known; an application does so when it is ready."""
    KINDS.update({kind.slug: kind for kind in kinds})


add(
    Kind(
        "malformed",
        400,
        _("The request cannot be read"),
        _("The body is not what its Content-Type says, or a header is damaged. Repeating it does not help."),
    ),
    Kind(
        "invalid",
        400,
        _("The request is not valid"),
        _("Each of the errors names its place: a JSON pointer into the body, a query parameter or a header."),
    ),
    Kind(
        "idempotency-key-missing",
        400,
        _("An Idempotency-Key is needed"),
        _("Send the header Idempotency-Key with a value of your own, such as a UUID, new for each thing to be done."),
    ),
    Kind(
        "not-authenticated",
        401,
        _("A key is needed"),
        _("Send the header Authorization: Bearer with a key that an administrator of the organisation has made."),
    ),
    Kind(
        "key-refused",
        401,
        _("The key is not valid"),
        _("It is unknown, was revoked, or is too old. Ask an administrator of the organisation for a new one."),
    ),
    Kind(
        "network-refused",
        403,
        _("The key may not be used from here"),
        _("An administrator of the organisation has said from which networks it may be used."),
    ),
    Kind(
        "scope-missing",
        403,
        _("The key has not the scope for this"),
        _("An administrator of the organisation can give the program this scope, on the page of programs."),
    ),
    Kind("forbidden", 403, _("This is not permitted"), _("Whoever asks may not do this. Repeating it does not help.")),
    Kind(
        "not-found",
        404,
        _("This is not there"),
        _("Nothing has this address, or it belongs to others. Addresses end in a slash."),
    ),
    Kind(
        "method-not-allowed",
        405,
        _("This method is not for this address"),
        _("The header Allow names those that are."),
    ),
    Kind(
        "not-acceptable",
        406,
        _("This form of answer is not to be had"),
        _("Leave the header Accept out, or let it permit the type that the description of the address names."),
    ),
    Kind(
        "refused",
        409,
        _("The request cannot be carried out now"),
        _("A rule of the portal forbids it as things stand. The detail says why, and what can be done."),
    ),
    Kind(
        "in-progress",
        409,
        _("The same request is still being carried out"),
        _("Another request with this Idempotency-Key has not ended yet. Repeat it after the seconds of Retry-After."),
    ),
    Kind(
        "too-large",
        413,
        _("The request is too large"),
        _("The description of the address says how much it takes."),
    ),
    Kind(
        "unsupported-type",
        415,
        _("The type of the body is not understood here"),
        _("Set the header Content-Type to a type that the description of the address names."),
    ),
    Kind(
        "idempotency-key-reused",
        422,
        _("The Idempotency-Key was used for another request"),
        _("Keep a key for one request and its repetitions; take a new one for anything else."),
    ),
    Kind(
        "too-many-requests",
        429,
        _("Too many requests"),
        _("Wait for the seconds of Retry-After. The header RateLimit says how many are left."),
    ),
    Kind(
        "internal",
        500,
        _("Something went wrong in the portal"),
        _("It was written down, with the number of the request. Whoever looks after the portal sees to it."),
    ),
    Kind(
        "unavailable",
        503,
        _("Not available now"),
        _("Repeat it after the seconds of Retry-After, with the same Idempotency-Key: nothing is done twice."),
    ),
)
