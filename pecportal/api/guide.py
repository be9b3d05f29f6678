"""What the API's description says before its operations: how to ask, and which groups there are, in the order in which
a reader meets them.
"""

from typing import Final

DESCRIPTION: Final = """Certified e-mail (PEC) in bulk, and the proof of it afterwards.

Ask with `Authorization: Bearer` and a key, which an administrator of the organisation makes in the menu under their
name → *Programs*. A program sees what it made itself.

A request that acts and got no answer is repeated **with the same `Idempotency-Key`**: it is carried out once, and the
first answer comes again. Lists give a page, and in `next` the `cursor` of the next one. Times are ISO 8601 in UTC.
Unknown fields and parameters are refused.

Errors are problem details (RFC 9457); `type` leads to [a page that explains each kind](/api/problems/). What may be
repeated later has `Retry-After`."""
_GROUPS: Final = {
    "index": "Whose key this is, and what it may do: the first thing to try.",
    "messages": "Single messages: posted once however often the request is repeated, and what became of them.",
    "campaigns": "One letter to many recipients: draft, list, files, check, approval, start, and the proof afterwards.",
    "mailboxes": "Certified mailboxes: registered, activated, renewed, revoked; how full they are, what they sent.",
    "events": "What happened, as a list to read on from where one was.",
    "webhooks": "The same, signed, to an address of yours.",
    "lookups": "The certified addresses of companies, and domains that are certified. Looking up may cost.",
    "jobs": "How far something is that goes on in the background.",
}
TAGS: Final = [{"name": name, "description": told} for name, told in _GROUPS.items()]
