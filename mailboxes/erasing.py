"""Papers that nobody needs any more are erased, once a day: their size, hash and verdicts stay, and when they went."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from mailboxes import papers
from mailboxes.models import Paper, StateChange
from mailboxes.models.papers import ON_ITS_WAY, Erasure, PaperKind
from mailboxes.states import VendorState
from pecportal import clock

logger = logging.getLogger(__name__)
ENDED = (VendorState.REVOKED, VendorState.CLOSED, VendorState.CANCELLED)


def sweep() -> int:
    """Erase what is due and what an interrupted erasure left behind; how many. Run twice it does no harm."""
    now = clock.now()
    for because, rows in _due(now):
        with transaction.atomic():
            papers.discard(list(rows), because)
    erased = 0
    for paper in Paper.objects.to_erase().select_related("mailbox__organisation"):
        try:
            papers.erase(paper)
            erased += 1
        except Exception:  # the others wait behind it
            logger.exception("Paper %s could not be erased.", paper.pk)
    return erased


def _due(now: datetime) -> list[tuple[Erasure, QuerySet[Paper]]]:
    """The papers whose time is over, by the reason: the form that the vendor gave is none of them."""
    rows = Paper.objects.kept().exclude(kind=PaperKind.FORM).exclude(hand_in__state__in=ON_ITS_WAY)
    since = now - timedelta(days=settings.PAPERS_ERASE_DAYS)
    forgotten = now - timedelta(days=settings.PAPERS_DRAFT_DAYS)
    settled = [VendorState.ACTIVE, *ENDED]
    return [
        (Erasure.ACTIVE, rows.filter(_became([VendorState.ACTIVE], by=since), mailbox__vendor_state__in=settled)),
        (Erasure.CANCELLED, rows.filter(_became(ENDED, by=since), mailbox__vendor_state__in=ENDED)),
        (Erasure.ABANDONED, rows.filter(hand_in=None, added_at__lte=forgotten)),
    ]


def _became(states: "list[VendorState] | tuple[VendorState, ...]", *, by: datetime) -> Exists:
    """Whether the paper's mailbox came into one of the states after the paper was there, and no later than `by`."""
    changes = StateChange.objects.filter(
        mailbox=OuterRef("mailbox"), state__in=states, at__gte=OuterRef("added_at"), at__lte=by
    )
    return Exists(changes)
