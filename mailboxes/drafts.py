"""Registrations that are not sent yet: who saved which step, so that nobody overwrites unseen; and their end."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mailboxes import changes, steps
from mailboxes.models import Application, Mailbox, SavedStep
from mailboxes.models.acts import Source
from mailboxes.states import MailboxState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation import deployment
from pecportal.organisations.models import User

logger = logging.getLogger(__name__)


class Overtaken(Refusal):
    """Somebody else saved the same step since the page was opened."""


class AlreadyBegun(Refusal):
    """The organisation has a mailbox with this address, or a registration for it: `mailbox`."""

    def __init__(self, sentence: str, *, mailbox: Mailbox) -> None:
        super().__init__(sentence, field="address")
        self.mailbox = mailbox


def version_of(application: Application, step: str) -> int:
    """Which saving of the draft this step's data are from; 0 for a step that was not saved yet."""
    row = application.saved_steps.filter(step=step).first()
    return row.version if row else 0


def refuse_overtaken(mailbox: Mailbox, step: str, data: Mapping[str, object], *, seen: int | None) -> None:
    """Raise `Overtaken` when somebody saved other data in this step since it was `seen`, in the caller's transaction.

    The same data sent again overtake nobody: a form that was sent twice is one.
    """
    row = mailbox.application.saved_steps.filter(step=step).select_related("by").first()
    if seen is None or row is None or row.version == seen or is_stored(mailbox, step, data):
        return
    sentence = _(
        "%(who)s saved this page at %(when)s, while you had it open. Nothing of yours is stored yet: compare, and save "
        "again if yours shall replace it."
    )
    raise Overtaken(sentence % {"who": row.by or _("Somebody else"), "when": _time(row.at)})


def refuse_changed(application: Application, *, seen: int | None) -> None:
    """Raise `Overtaken` when the draft was saved since all of it was `seen` at once."""
    if seen is None or application.version == seen:
        return
    row = application.saved_steps.select_related("by").order_by("-version").first()
    who = row.by if row and row.by else _("Somebody else")
    sentence = _("%(who)s changed the data after you had opened the review: please look through them again.")
    raise Overtaken(sentence % {"who": who})


def is_stored(mailbox: Mailbox, step: str, data: Mapping[str, object]) -> bool:
    """Whether a step's data are exactly what is stored already."""
    stored = steps.values(mailbox, step)
    return all(stored[name] == value for name, value in data.items() if name in stored)


def note_saved(application: Application, step: str, *, by: User | None) -> None:
    """Count a saving of a step, in the caller's transaction and before the row is saved."""
    application.version += 1
    application.saved_at = clock.now()
    SavedStep.objects.update_or_create(
        application=application, step=step, defaults={"version": application.version, "by": by, "at": clock.now()}
    )


@transaction.atomic
def discard(mailbox: Mailbox, *, actor: User | None) -> None:
    """Give a registration up and erase its data; without an `actor` since its time is over, if it still is.

    Raises `Refusal` when it was sent, is gone already, or was gone on with meanwhile.
    """
    row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
    due = erased_on(row)
    if actor is None and (due is None or due > clock.now()):
        raise Refusal(_("Somebody has gone on with this registration."))
    if not Mailbox.objects.filter(pk=row.pk).move(
        MailboxState.DISCARDED, problem_code="", problem="", problem_field=""
    ):
        raise Refusal(_("Only a registration that was not sent can be discarded."))
    Application.objects.filter(mailbox=row).delete()
    changes.note(row, MailboxState.DISCARDED, source=Source.PERSON if actor else Source.US, by=actor)
    record("mailbox.discard", actor=actor, organisation=row.organisation, target=row)


def erased_on(mailbox: Mailbox) -> datetime | None:
    """When a registration that nobody goes on with is erased; None for one that was sent, or when none ever is."""
    days = int(settings.DRAFTS_ERASE_DAYS)
    if mailbox.state != MailboxState.DRAFT or days < 1:
        return None
    application = getattr(mailbox, "application", None)
    saved = application.saved_at if application is not None else None
    return max(saved or mailbox.state_since, mailbox.state_since) + timedelta(days=days)


def erase_forgotten() -> int:
    """Discard the registrations whose time is over, as a person would; how many. One that fails stops no other.

    After a restore none is: they may have been sent since the backup.
    """
    erased = 0
    if deployment.is_off():
        return erased
    for row in Mailbox.objects.unfinished():
        due = erased_on(row)
        if due is None or due > clock.now():
            continue
        try:
            discard(row, actor=None)
            erased += 1
        except Refusal:  # it was sent, or discarded, at this very moment
            continue
        except Exception:  # the others wait behind it
            logger.exception("The draft of mailbox %s could not be erased.", row.pk)
    return erased


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
