"""What each address of the API asks, and which object each of its arguments names; the matrix holds it to that.

`TABLE`: by the name of an address (without `api:`), for each of its methods the scopes of which one is enough, and the
power that people need; no scopes: any key; no power: any member. `OBJECTS`: for each argument, `name:argument` or the
argument alone, the object of `world.populate` that it names. `FIXED`: words that name nobody's object.
`BODIES`: what a method is sent so that it gets to look for its object. `OPEN`: what anybody may read.
"""

from typing import Any, NamedTuple

from pecportal.permissions import Power, Role


class Asked(NamedTuple):
    """Of a program one of these scopes, of a person this power; `people`: of programs nothing helps."""

    scopes: tuple[Role, ...] = ()
    power: Power | None = None
    people: bool = False


OPEN = {"schema", "schema_yaml", "docs", "redoc"}
_EVENTS = Asked((Role.EVENTS_READ,), Power.EVENTS)
_WEBHOOKS = ("webhook", "deliveries", "webhook_redeliver", "webhook_test", "webhook_rotate_secret")
_READ = Asked((Role.CAMPAIGNS_READ, Role.MESSAGES_SEND), Power.READ)
_MESSAGE = ("message", "message_receipts", "message_attempts", "message_evidence")
_LOOK_UP = Asked((Role.LOOKUPS,), Power.LOOK_UP)
_MAILBOXES_READ = Asked((Role.MAILBOXES_READ,), Power.SEE)
_REGISTER = Asked((Role.MAILBOXES_WRITE,), Power.REGISTER)
_SEEN_MAILBOX = ("mailbox", "mailbox_quota", "mailbox_usage", "mailbox_timeline")
_KEPT_MAILBOX = (
    "mailbox_activation_form",
    "mailbox_documents",
    "mailbox_credentials",
    "mailbox_renew",
    "mailbox_revoke",
)
_SEEN = Asked((Role.CAMPAIGNS_READ,), Power.READ)
_PREPARED = Asked((Role.CAMPAIGNS_WRITE,), Power.PREPARE)
_STARTED = Asked((Role.CAMPAIGNS_START,), Power.START)
_STOPPED = Asked((Role.CAMPAIGNS_START,), Power.STOP)
_APPROVED = Asked((), Power.APPROVE, people=True)
_CAMPAIGNS: dict[str, dict[str, Asked]] = {
    "campaign": {"get": _SEEN, "patch": _PREPARED},
    "campaign_recipients": {"get": _SEEN, "put": _PREPARED},
    "campaign_attachments": {"get": _SEEN, "post": _PREPARED},
    "campaign_attachment": {"get": _SEEN, "delete": _PREPARED},
    "campaign_check": {"get": _SEEN, "post": _PREPARED},
    "campaign_submit": {"post": _PREPARED, "delete": _PREPARED},
    "campaign_approve": {"post": _APPROVED},
    "campaign_reject": {"post": _APPROVED},
    "campaign_start": {"post": _STARTED},
    "campaign_pause": {"post": _STOPPED},
    "campaign_resume": {"post": _STARTED},
    "campaign_stop": {"post": _STOPPED},
    "campaign_evidence": {"get": _SEEN, "post": _SEEN},
    **{
        f"campaign_{name}": {"get": _SEEN}
        for name in ("problems", "counts", "forecast", "messages", "report", "package")
    },
}
TABLE: dict[str, dict[str, Asked]] = {
    "index": {"get": Asked()},
    "job": {"get": Asked()},
    "company": {"get": _LOOK_UP, "post": _LOOK_UP},
    "domain": {"get": _LOOK_UP, "post": _LOOK_UP},
    "campaigns": {"get": _SEEN, "post": _PREPARED},
    **_CAMPAIGNS,
    "messages": {"get": _READ, "post": Asked((Role.MESSAGES_SEND,), Power.SEND)},
    **{name: {"get": _READ} for name in _MESSAGE},
    "mailboxes": {"get": _MAILBOXES_READ, "post": _REGISTER},
    "mailbox_availability": {"get": _REGISTER},
    **{name: {"get": _MAILBOXES_READ} for name in _SEEN_MAILBOX},
    "mailbox_activation_form": {"get": _REGISTER},
    "mailbox_documents": {"get": _REGISTER, "post": _REGISTER},
    "mailbox_credentials": {"put": Asked((Role.MAILBOXES_WRITE,), Power.CREDENTIALS)},
    "mailbox_renew": {"post": _REGISTER},
    "mailbox_revoke": {"post": _REGISTER},
    "compat_send": {"post": Asked((Role.MESSAGES_SEND,), Power.SEND)},
    "compat_sent": {"get": _READ, "delete": _READ},
    "events": {"get": _EVENTS},
    "webhooks": {"get": _EVENTS, "post": _EVENTS},
    "webhook": {"get": _EVENTS, "patch": _EVENTS, "delete": _EVENTS},
    "deliveries": {"get": _EVENTS},
    **{name: {"post": _EVENTS} for name in (*_WEBHOOKS[2:], "delivery_redeliver")},
}
OBJECTS: dict[str, str] = {
    "job:public_id": "job",
    **{f"{name}:public_id": "webhook" for name in (*_WEBHOOKS, "delivery_redeliver")},
    "delivery_redeliver:delivery_id": "delivery",
    **{f"{name}:public_id": "message" for name in _MESSAGE},
    **{f"{name}:public_id": "mailbox" for name in (*_SEEN_MAILBOX, *_KEPT_MAILBOX)},
    "compat_sent:code": "code",
    **{f"{name}:public_id": "campaign" for name in _CAMPAIGNS},
    "campaign_attachment:attachment_id": "attachment",
    "campaign_package:package_id": "package",
}
FIXED: dict[str, object] = {"company:code": "12485671007", "domain:domain": "pec.example"}
BODIES: dict[tuple[str, str], Any] = {
    ("campaigns", "post"): {"name": "Avvisi", "mailbox": "00000000-0000-4000-8000-000000000000"},
    ("campaign", "patch"): {"name": "Avvisi"},
    ("messages", "post"): {
        "mailbox": "00000000-0000-4000-8000-000000000000",
        "to": "ditta@pec.example",
        "subject": "Avviso",
        "body": "Testo.",
    },
    ("mailbox_credentials", "put"): {"username": "ufficio@pec.example", "password": "una parola d'ordine"},
    ("mailbox_renew", "post"): {"years": 1, "price": "99.00", "expires_at": None},
    ("mailbox_revoke", "post"): {"address": "ufficio@pec.example"},
    ("compat_send", "post"): {
        "sender": "nessuna@pec.example",
        "recipient": "ditta@pec.example",
        "subject": "Avviso",
        "body": "Testo.",
    },
    ("webhooks", "post"): {"name": "ERP", "url": "https://erp.example/", "types": ["mailbox.space"]},
    ("webhook", "patch"): {"name": "ERP"},
    ("webhook_rotate_secret", "post"): {"overlap_hours": 24},
}
# addresses whose objects nobody but their maker finds, so that of one's own office one finds them no more than others'
OF_THEIR_MAKER = {"job", "compat_sent", *_CAMPAIGNS, *_MESSAGE, *_WEBHOOKS, "delivery_redeliver"}
