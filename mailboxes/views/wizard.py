"""What the pages of the registration show beside their form: where one is, and what was entered."""

from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mailboxes import sectors, steps, taxcodes
from mailboxes.models import Application, Mailbox


@dataclass(frozen=True, slots=True)
class Stage:
    """One step as the stepper shows it."""

    label: str
    state: str
    url: str


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


def next_url(mailbox: Mailbox) -> str:
    """Where the registration goes on: a step that is not complete, one that the vendor objects to, else the review."""
    missing = steps.missing_steps(mailbox.application)
    return url_of(mailbox, missing[0] if missing else steps.step_of(mailbox.problem_field))


def sections(mailbox: Mailbox) -> list[Section]:
    """All that was entered, in words, step by step; what was left empty is left out."""
    named = labels()
    return [Section(step, named[step], _rows(mailbox, step)) for step in steps.STEPS]


def doubts(application: Application) -> list[str]:
    """What looks wrong but may be right: a warning each, nothing that keeps anybody from going on."""
    code, province = application.codice_fiscale_richiedente, application.provincia_nascita_richiedente
    if len(code) != 16 or not province:
        return []
    place = taxcodes.birthplace(code)
    if place is None:
        return [_("The place of birth in the tax code is not one that the portal knows. Please compare the code.")]
    name, theirs = place
    if theirs and theirs != province:
        sentence = _("The tax code names %(place)s (%(province)s) as the place of birth. Please compare the province.")
        return [sentence % {"place": name, "province": theirs}]
    return []


def _rows(mailbox: Mailbox, step: str) -> list[tuple[str, str]]:
    rows = []
    for name in steps.FIELDS[step]:
        owner = mailbox if name in ("address", "kind", "plan") else mailbox.application
        label = capfirst(str(type(owner)._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
        rows.append((label, _words(owner, name)))
    return [(label, words) for label, words in rows if words]


def _words(owner: Mailbox | Application, name: str) -> str:
    value = getattr(owner, name)
    if name == "sottotipo_cliente":
        return str(sectors.LABELS.get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    display = getattr(owner, f"get_{name}_display", None)
    return str((display() if display else value) or "")
