"""Which domains mailboxes may have, and which kinds of mailbox each of them has (pec.openapi.json, POST /pec)."""

from django.conf import settings

from mailboxes.states import Kind

LEGALMAIL, MASSIVE, DOMICILE = "legalmail.it", "pecmassiva.com", "domiciliodigitale.com"
THEIRS = (MASSIVE, LEGALMAIL, DOMICILE)
# where mailboxes of a kind can only be; those for bulk sending may have a certified domain of one's own
DOMAIN_OF = {
    Kind.DOMICILE.value: DOMICILE,
    Kind.STANDARD.value: LEGALMAIL,
    Kind.BRONZE.value: LEGALMAIL,
    Kind.SILVER.value: LEGALMAIL,
    Kind.GOLD.value: LEGALMAIL,
}
# the names that the vendor's own trial system has instead
_ON_TRIAL = {LEGALMAIL: "testcert.legalmail.it", DOMICILE: "test.domiciliodigitale.com"}


def offered() -> list[str]:
    """The vendor's domains, as this installation's environment names them."""
    names = _ON_TRIAL if settings.OPENAPI_ENV == "test" else {}
    return [names.get(domain, domain) for domain in THEIRS]


def theirs(domain: str) -> str:
    """Which of the vendor's domains this one is, "" for one of somebody's own."""
    return next((each for each in THEIRS if lies_in(domain, each)), "")


def fits(kind: str, domain: str) -> bool:
    """Whether mailboxes of a kind can be in a domain."""
    wanted = DOMAIN_OF.get(kind)
    return lies_in(domain, wanted) if wanted else theirs(domain) in ("", MASSIVE)


def kinds_in(domain: str) -> list[Kind]:
    """The kinds of mailbox that can be in a domain."""
    return [kind for kind in Kind if fits(kind, domain)]


def lies_in(domain: str, above: str) -> bool:
    """Also below, outside of production: the vendor's trial system has domains such as test.pecmassiva.com."""
    return domain == above or (settings.OPENAPI_ENV != "production" and domain.endswith(f".{above}"))
