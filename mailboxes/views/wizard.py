"""What the pages of the registration show beside their form: where one is, and what was entered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from localflavor.it.it_province import PROVINCE_CHOICES

from mailboxes import drafts as unsent
from mailboxes import places, sectors, steps
from mailboxes.forms.personal import ABROAD
from mailboxes.models import Mailbox


@dataclass(frozen=True, slots=True)
class Stage:
    """One step as the stepper shows it."""

    label: str
    state: str
    url: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One registration that was not sent: `stopped` is the step where it goes on."""

    mailbox: Mailbox
    stopped: str
    saved_at: datetime | None
    saved_by: str
    erased_on: datetime | None


@dataclass(frozen=True, slots=True)
class Section:
    """One step's data as the review shows them."""

    step: str
    label: str
    rows: list[tuple[str, str]]


def labels() -> dict[str, str]:
    """The steps' names, in their order."""
    return {
        "address": _("Address"),
        "kind": _("Kind and plan"),
        "applicant": _("Applicant"),
        "holder": _("Holder"),
        steps.REVIEW: _("Review"),
    }


def stages(mailbox: Mailbox | None, now: str) -> list[Stage]:
    """The stepper of the page of step `now`: what is done leads back, and the review on when all is done."""
    done = mailbox.application.steps_done if mailbox else []
    open_ = {*done, steps.REVIEW} if set(steps.STEPS) <= set(done) else set(done)
    found = []
    for name, label in labels().items():
        state = "current" if name == now else "done" if name in done else "todo"
        found.append(Stage(label, state, url_of(mailbox, name) if mailbox and name in open_ else ""))
    return found


def url_of(mailbox: Mailbox, step: str) -> str:
    """The page of a step, or of the review."""
    if step == steps.REVIEW:
        return reverse("mailboxes:review", args=[mailbox.pk])
    return reverse("mailboxes:step", args=[mailbox.pk, step])


def next_step(mailbox: Mailbox) -> str:
    """Where the registration goes on: a step that is not complete, one that the vendor objects to, else the review."""
    missing = steps.missing_steps(mailbox.application)
    return missing[0] if missing else steps.step_of(mailbox.problem_field)


def next_url(mailbox: Mailbox) -> str:
    """The page where the registration goes on."""
    return url_of(mailbox, next_step(mailbox))


def sections(mailbox: Mailbox) -> list[Section]:
    """All that was entered, in words, step by step; what was left empty is left out."""
    named = labels()
    return [Section(step, named[step], rows(mailbox, steps.values(mailbox, step))) for step in steps.STEPS]


def rows(mailbox: Mailbox, values: dict[str, object]) -> list[tuple[str, str]]:
    """Fields of the registration as a label and words each, without those that are empty."""
    found = [(label_of(name, mailbox), words_of(name, value, mailbox)) for name, value in values.items()]
    return [(label, words) for label, words in found if words]


def drafts(rows: Iterable[Mailbox]) -> list[Draft]:
    """Registrations that were not sent, each with where it stopped and who saved it last."""
    named, found = labels(), []
    for row in rows:
        application = getattr(row, "application", None)
        if application is None:
            continue
        last = application.saved_steps.select_related("by").order_by("-version").first()
        who = str(last.by) if last and last.by else ""
        found.append(Draft(row, named[next_step(row)], application.saved_at, who, unsent.erased_on(row)))
    return found


def label_of(name: str, mailbox: Mailbox) -> str:
    """What the pages call a field."""
    field = type(steps.owner_of(name, mailbox))._meta.get_field(name)
    return capfirst(str(field.verbose_name))  # type: ignore[union-attr]


def words_of(name: str, value: object, mailbox: Mailbox) -> str:
    """A field's value for a reader: names in place of codes, days as Italians write them."""
    if name == "sottotipo_cliente":
        return str(sectors.LABELS.get(str(value), value))
    if name.startswith("nazione"):
        country = places.country(str(value))
        return country.name(get_language() or "it") if country else str(value)
    if name.startswith("provincia"):
        return _province(str(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    choices = dict(_choices(name, mailbox))
    return str(choices.get(value, "" if value is None else value))


def _choices(name: str, mailbox: Mailbox) -> list[tuple[object, object]]:
    field = type(steps.owner_of(name, mailbox))._meta.get_field(name)
    return list(getattr(field, "flatchoices", ()) or ())


def _province(code: str) -> str:
    if code == ABROAD:
        return _("Abroad")
    names = {each: str(name) for each, name in PROVINCE_CHOICES}
    return f"{names[code]} ({code})" if code in names else code
