"""The calls that pay or change mailboxes, by jobs that die at named points: `python -m tests.torture.acting begin`.

`begin` has each kind of job killed once at each point, `after` lets the periodic job go on for some minutes without a
person; each prints JSON, by mailbox.
"""

import json
import os
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import django

django.setup()

import time_machine  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from mailboxes import acts, orders, tasks  # noqa: E402
from mailboxes.models import HandIn, Mailbox, Order  # noqa: E402
from pecportal import vendor as vendors  # noqa: E402
from pecportal.organisations.models import User  # noqa: E402
from pecportal.upstream.pec import Pec  # noqa: E402
from tests import build as kernel  # noqa: E402
from tests.jobs import Jobs  # noqa: E402
from tests.mailboxes import build  # noqa: E402
from tests.torture import points  # noqa: E402

POINTS: Final = ("begun", "marked", "answered", "ended, not committed")
MINUTES: Final = (5, 7, 9, 11)  # later, at which the periodic job runs
Job = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One job that is to die at a point; `name` is the part of its mailbox's address before the @."""

    name: str
    kind: str
    point: str

    @property
    def address(self) -> str:
        """Its mailbox's address."""
        return f"{self.name}@pecmassiva.com"


def cases() -> Iterator[Case]:
    """Each kind at each point."""
    for number, point in enumerate(POINTS):
        for kind in _PREPARED:
            yield Case(f"{kind}.{number}", kind, point)


def begin() -> dict[str, Any]:
    """Have every case's job killed; what each is about, and whether it died."""
    told = {}
    for case in cases():
        job, vendor_id = _PREPARED[case.kind](case)
        Jobs().clear()
        told[case.name] = {"vendor_id": vendor_id, "killed": _dies(case.point, job)}
    return told


def after() -> dict[str, Any]:
    """Let minutes pass; how each mailbox's act ended, and what became of what was asked for."""
    start = timezone.now()
    for minutes in MINUTES:
        with time_machine.travel(start + timedelta(minutes=minutes)):
            tasks.sweep()
            Jobs().run(most=500)
    return {case.name: _end(Mailbox.objects.get(address=case.address), case.kind) for case in cases()}


def _end(box: Mailbox, kind: str) -> dict[str, Any]:
    last = box.acts.filter(kind=kind).order_by("-pk")[0]
    state = box.state
    if kind == "hand_in":
        state = HandIn.objects.get(mailbox=box).state
    elif kind != "registration":
        state = Order.objects.get(mailbox=box).state
    return {"outcome": last.outcome, "state": state, "vendor_id": box.vendor_id}


def _dies(point: str, job: Job) -> bool:
    """Run the job in a process that dies at the point; whether it did."""
    connections.close_all()
    vendors.forget_clients()
    child = os.fork()
    if not child:
        _trap(point)
        job()
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _trap(wanted: str) -> None:
    def reached(point: str) -> None:
        if point == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    points._before(acts, "mark", "begun", reached)
    for call in ("register", "hand_in", "renew", "revoke"):
        points._before(Pec, call, "marked", reached)
        points._after(Pec, call, "answered", reached, when=points._always)
    points._after(acts, "end", "ended, not committed", reached)


def _keeper() -> User:
    return build.keeper(kernel.organisation(name=f"Ufficio {User.objects.count() + 1}"))


def _registration(case: Case) -> tuple[Job, str]:
    box = build.submitted(_keeper(), address=case.address)
    return lambda: tasks.register(box.pk), ""


def _hand_in(case: Case) -> tuple[Job, str]:
    box = build.registered(Jobs(), _keeper(), address=case.address)
    handed = build.handed_in(box)
    return lambda: tasks.submit_documents(handed.pk), box.vendor_id


def _active(case: Case) -> Mailbox:
    """An active mailbox that the vendor has, too."""
    wish = json.dumps({"address": case.address, "password": kernel.PASSWORD}).encode()
    url = f"{settings.OPENAPI_PEC_URL}/_sandbox/mailboxes"
    with urllib.request.urlopen(urllib.request.Request(url, wish, {"Content-Type": "application/json"})) as answer:
        number = json.load(answer)["id"]
    keeper, plan = _keeper(), build.plan()
    office = build.office_of(keeper)
    box = kernel.mailbox(office, address=case.address, created_by=keeper, plan=plan, vendor_id=number)
    tasks.refresh(box.pk)
    return build.fresh(box)


def _renewal(case: Case) -> tuple[Job, str]:
    box = _active(case)
    order = orders.order_renewal(box, years=1, price=Decimal(99), expires_seen=box.expires_at, actor=box.created_by)
    return lambda: tasks.carry_out(order.pk), box.vendor_id


def _revocation(case: Case) -> tuple[Job, str]:
    box = _active(case)
    order = orders.order_revocation(box, typed=box.address, actor=box.created_by)
    return lambda: tasks.carry_out(order.pk), box.vendor_id


_PREPARED: Final[dict[str, Callable[[Case], tuple[Job, str]]]] = {
    "registration": _registration,
    "hand_in": _hand_in,
    "renewal": _renewal,
    "revocation": _revocation,
}


if __name__ == "__main__":
    print(json.dumps({"begin": begin, "after": after}[sys.argv[1]]()))
