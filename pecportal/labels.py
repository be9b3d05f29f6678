"""What the console calls fields whose model gives them no name: else Italian pages would show the code's."""

from typing import Final

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

OURS: Final = frozenset(
    {"api", "campaigns", "journal", "mailboxes", "operation", "organisations", "registers", "webhooks"}
)
NAMES: Final = {
    "application": _("application for a mailbox"),
    "attempt": _("attempt"),
    "campaign": _("campaign"),
    "contact": _("contact"),
    "deadline_at": _("its last receipt is due"),
    "delivery": _("delivery"),
    "digest": _("fingerprint"),
    "edition": _("edition"),
    "event": _("event"),
    "evidence_sha256": _("SHA-256 of what was known"),
    "failures": _("failures"),
    "fence": _("number of the reservation"),
    "file": _("file"),
    "first_page": _("number of the first page"),
    "follows": _("comes after"),
    "hand_in": _("documents handed in"),
    "holder": _("process that has reserved it"),
    "identity": _("fingerprint"),
    "is_certified": _("its certified data could be read"),
    "is_final": _("it settles the outcome"),
    "key": _("key"),
    "leased_until": _("reserved until"),
    "list_sha256": _("SHA-256 of the list"),
    "lookup": _("look-up"),
    "made_by": _("made by"),
    "mailbox": _("mailbox"),
    "mark": _("mark of the installation"),
    "message": _("message"),
    "name": _("name"),
    "number": _("number"),
    "organisation": _("organisation"),
    "paper": _("document"),
    "payload_sha256": _("SHA-256 of the contents"),
    "picture_sha256": _("SHA-256 of the picture"),
    "picture_stored_as": _("picture's name in the storage"),
    "position": _("position"),
    "proof_sha256": _("SHA-256 of the proof"),
    "public_id": _("public identifier"),
    "receipt": _("receipt"),
    "route": _("route"),
    "saved_text": _("kept text"),
    "sha256": _("SHA-256"),
    "sheet": _("check before sending"),
    "steps_done": _("steps done"),
    "stored_as": _("name in the storage"),
    "subject": _("subject"),
    "submission": _("submission for approval"),
    "tried_at": _("last tried"),
    "version": _("version"),
    "webhook": _("webhook"),
}


def name_fields() -> None:
    """Name the fields of our models that have no name of their own; it changes no migration."""
    for model in apps.get_models():
        if model._meta.app_label in OURS:
            for field in model._meta.get_fields():
                has_none = getattr(field, "_verbose_name", "") is None
                if isinstance(field, models.Field) and has_none and field.name in NAMES:
                    field.verbose_name = NAMES[field.name]
