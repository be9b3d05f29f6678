"""The steps of the registration, in their order, and which fields each asks for."""

from mailboxes.models import Application

STEPS = ("address", "kind", "applicant", "holder")
REVIEW = "review"

FIELDS: dict[str, tuple[str, ...]] = {
    "address": ("address",),
    "kind": ("kind", "plan", "autorinnovo"),
    "applicant": (
        "nome_richiedente",
        "cognome_richiedente",
        "codice_fiscale_richiedente",
        "data_nascita_richiedente",
        "sesso_richiedente",
        "nazione_nascita_richiedente",
        "provincia_nascita_richiedente",
        "comune_nascita_richiedente",
        "email",
        "telefono",
        "cellulare",
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


def missing_steps(application: Application) -> list[str]:
    """Steps that were not completed yet, in their order."""
    return [step for step in STEPS if step not in application.steps_done]


def step_of(field: str) -> str:
    """The step that asks for a field; the review for what none asks for."""
    return next((step for step, fields in FIELDS.items() if field in fields), REVIEW)
