"""The steps of the registration, in their order, and which fields each asks for."""

from collections.abc import Mapping

from mailboxes.models import Application, Mailbox

STEPS = ("address", "kind", "applicant", "holder")
REVIEW = "review"

FIELDS: dict[str, tuple[str, ...]] = {
    "address": ("address",),
    "kind": ("kind", "plan", "autorinnovo"),
    "applicant": (
        "nome_richiedente",
        "cognome_richiedente",
        "codice_fiscale_richiedente",
        "sesso_richiedente",
        "data_nascita_richiedente",
        "nazione_nascita_richiedente",
        "comune_nascita_richiedente",
        "provincia_nascita_richiedente",
        "email",
        "telefono",
        "cellulare",
        "tipo_documento",
        "numero_documento",
        "documento_rilasciato_da",
        "data_rilascio_documento",
        "data_scadenza_documento",
    ),
    "holder": (
        "tipo_cliente",
        "sottotipo_cliente",
        "sottotipo_cliente_altro",
        "denominazione_titolare",
        "cf_piva_titolare",
        "indirizzo_titolare",
        "cap_titolare",
        "comune_titolare",
        "provincia_titolare",
        "nazione_titolare",
    ),
}
OF_MAILBOX = frozenset({"address", "kind", "plan"})
TO_VENDOR = (*FIELDS["applicant"], *FIELDS["holder"], "autorinnovo")


def missing_steps(application: Application) -> list[str]:
    """Steps that were not completed yet, in their order."""
    return [step for step in STEPS if step not in application.steps_done]


def step_of(field: str) -> str:
    """The step that asks for a field; the review for what none asks for."""
    return next((step for step, fields in FIELDS.items() if field in fields), REVIEW)


def owner_of(field: str, mailbox: Mailbox) -> Mailbox | Application:
    """The row that holds a field of the registration."""
    return mailbox if field in OF_MAILBOX else mailbox.application


def taken(step: str, cleaned: Mapping[str, object]) -> dict[str, object]:
    """What of a form's cleaned data is stored of a step."""
    return {name: cleaned[name] for name in FIELDS[step] if name in cleaned}


def values(mailbox: Mailbox, step: str) -> dict[str, object]:
    """What is stored of a step."""
    return {name: getattr(owner_of(name, mailbox), name) for name in FIELDS[step]}
