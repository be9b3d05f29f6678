"""Once a minute: what lost jobs left behind is found, doubts are settled, what may have changed is asked for."""

import logging

from mailboxes import activation, acts, following, registration, space
from mailboxes.models import VendorAct
from mailboxes.models.acts import ActKind
from pecportal.upstream import Upstream

logger = logging.getLogger(__name__)
_SETTLERS = {
    ActKind.REGISTRATION: (registration.lost, registration.look_for),
    ActKind.HAND_IN: (activation.lost, activation.look_for),
}


def sweep(*, client: Upstream) -> None:
    """Do all of it; one act that cannot be settled does not keep the others from it. Run twice it does no harm."""
    for act in acts.expired():
        _settle_lost(act)
    for kind in _SETTLERS:
        for act in acts.doubts(kind):
            _look_for(act, client=client)
    registration.ring_lost()
    activation.ring_lost()
    following.ask_soon()
    space.ask_soon()


def _settle_lost(act: VendorAct) -> None:
    lost, _look = _SETTLERS[ActKind(act.kind)]
    try:
        lost(act)
    except Exception:  # the others wait behind it
        logger.exception("Act %s could not be settled.", act.pk)


def _look_for(act: VendorAct, *, client: Upstream) -> None:
    _lost, look = _SETTLERS[ActKind(act.kind)]
    try:
        look(act, client=client)
    except Exception:  # the others wait behind it
        logger.exception("Act %s could not be looked for.", act.pk)
