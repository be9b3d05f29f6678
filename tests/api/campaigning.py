"""Campaigns as a program makes them."""

import uuid
from typing import Any

from tests.api.build import Caller
from tests.jobs import Jobs

CAMPAIGNS = "/api/v1/campaigns/"
LIST = b"nome;pec\nDitta Rossi;consegnata.1@prova.example\nDitta Bianchi;casella-piena@prova.example\n"


def drafted(erp: Caller, mailbox: Any, **given: Any) -> str:
    """The address of a new draft with a text."""
    told = {"name": "Solleciti", "mailbox": mailbox.address, "subject": "Per {{ nome }}", "body": "Gentile {{ nome }}"}
    made = erp.post(CAMPAIGNS, told | given)
    assert made.status_code == 201, made.content
    return str(made.headers["Location"])


def put(erp: Caller, address: str, content: bytes = LIST, *, kind: str = "text/csv", query: str = "") -> Any:
    """Hand in the list."""
    return erp.client.generic("PUT", f"{address}recipients/{query}", content, kind)


def attach(erp: Caller, address: str, *, key: Any = "", **form: Any) -> Any:
    """Attach a file."""
    return erp.client.post(f"{address}attachments/", form, headers={"Idempotency-Key": key} if key else {})


def checked(erp: Caller, address: str, jobs: Jobs) -> str:
    """The hash of the check, made now."""
    assert erp.post(f"{address}check/").status_code == 202
    jobs.run()
    told = erp.get(f"{address}check/").json()
    assert told["is_clean"], told
    return str(told["sha256"])


def ready(erp: Caller, mailbox: Any, jobs: Jobs, *, content: bytes = LIST) -> tuple[str, str]:
    """A draft that may be started: its address, and the hash of its check."""
    address = drafted(erp, mailbox)
    assert put(erp, address, content).status_code == 202
    return address, checked(erp, address, jobs)


def start(erp: Caller, address: str, check: str, *, key: str = "", **given: Any) -> Any:
    """Start it."""
    return erp.post(f"{address}start/", {"check": check} | given, Idempotency_Key=key or str(uuid.uuid4()))
