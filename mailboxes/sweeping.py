"""Once a minute: what lost jobs left behind is found, doubts are settled, what may have changed is asked for."""

import logging
from collections.abc import Callable

from mailboxes import activation, acts, carrying, following, notices, registration, reminding, space
from mailboxes.models import Mailbox, VendorAct
from mailboxes.models.acts import ActKind
from pecportal.operation import deployment
from pecportal.upstream import Upstream

logger = logging.getLogger(__name__)
_SETTLERS = {
    ActKind.REGISTRATION: (registration.lost, registration.look_for),
    ActKind.HAND_IN: (activation.lost, activation.look_for),
    ActKind.RENEWAL: (carrying.lost, carrying.look_for),
    ActKind.REVOCATION: (carrying.lost, carrying.look_for),
}


def sweep(*, client_of: Callable[[Mailbox], Upstream]) -> None:
    """Do all of it, each mailbox with its account's client; one act that cannot be settled keeps no other from it.

    Run twice it does no harm.
    """
    for act in acts.expired():
        _settle_lost(act)
    if deployment.is_off():
        registration.doubt_restored()
    for kind in _SETTLERS:
        for act in acts.doubts(kind):
            _look_for(act, client_of=client_of)
    registration.ring_lost()
    activation.ring_lost()
    carrying.ring_lost()
    following.ask_soon()
    space.ask_soon()
    reminding.remind()
    reminding.watch()
    notices.ring()


def _settle_lost(act: VendorAct) -> None:
    lost, _look = _SETTLERS[ActKind(act.kind)]
    try:
        lost(act)
    except Exception:  # the others wait behind it
        logger.exception("Act %s could not be settled.", act.pk)


def _look_for(act: VendorAct, *, client_of: Callable[[Mailbox], Upstream]) -> None:
    _lost, look = _SETTLERS[ActKind(act.kind)]
    try:
        look(act, client=client_of(act.mailbox))
    except Exception:  # the others wait behind it
        logger.exception("Act %s could not be looked for.", act.pk)
