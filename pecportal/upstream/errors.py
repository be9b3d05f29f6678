"""Upstream failures, named after what the caller may do next.

* UpstreamError
  + Rejected         the vendor understood and refused: do not repeat
    - SignInRefused  the account, not the message or the mailbox, was refused: hold the whole account
      - Unusable     it may not be used here: the vendor was not even asked
  + Unavailable      nothing happened there: repeat later
    - Unbuildable    a file of ours is not what it was: the vendor was not even asked
      - FileAway     it cannot be opened just now, which says nothing of the file
  + OutcomeUnknown   it may have happened: ask before repeating
"""

RAW_LIMIT = 64 * 1024


class UpstreamError(Exception):
    """A call to the vendor that did not give what was asked for.

    `message` is the vendor's wording where it gave one, else ours. `call` names the operation (`massiva
    POST /send`). `status` is the HTTP status, `error` the operation's own number (never compare the two).
    `retry_after` is in seconds, None where the vendor said nothing usable. `raw` is the answer's body, at
    most 64 KiB, without secrets.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str = "",
        status: int | None = None,
        error: int | None = None,
        retry_after: float | None = None,
        raw: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.call = call
        self.status = status
        self.error = error
        self.retry_after = retry_after
        self.raw = raw[:RAW_LIMIT]

    def __str__(self) -> str:
        return ": ".join(part for part in (self.call, str(self.status or ""), self.message) if part)


class Rejected(UpstreamError):
    """The vendor understood and refused: nothing happened, and repeating the same will be refused again."""


class SignInRefused(Rejected):
    """The token was refused when asked for (401, 402, 429): nothing was called; the account is to be held."""


class Unusable(SignInRefused):
    """The account may not be used here: the vendor was not even asked."""


class Unavailable(UpstreamError):
    """Nothing happened there: the same call may be repeated later."""


class Unbuildable(Unavailable):
    """A file cannot be read, or is not what it was: the request could not be made, and the vendor is not to blame."""


class FileAway(Unbuildable):
    """A file cannot be opened just now: it may be had again, or be looked for."""


class OutcomeUnknown(UpstreamError):
    """It may have happened: ask the vendor what is there before repeating."""
