"""What the portal looks after by itself each minute, beside its lanes: the vendor's accounts, the disk, the clock."""

import shutil
from collections import defaultdict
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from pecportal import clock, hosts
from pecportal.operation import alerts
from pecportal.operation.models import VendorCall
from pecportal.organisations.models import VendorAccount

REFUSED: Final = "vendor.refused"  # the alerts' kinds; the key of these three is the account (0: that of the settings)
CREDIT: Final = "vendor.credit"
AWAY: Final = "vendor.away"
DISK: Final = "disk"
CLOCK: Final = "clock"
PATIENCE: Final = timedelta(minutes=5)  # how long the vendor is believed to be only slow, or to want money still
RECENT: Final = timedelta(minutes=30)  # what failed before says nothing any more of an API that is not called
LEAST: Final = 2**30  # bytes
LEAST_PERCENT: Final = 10
SKEW: Final = 5.0  # seconds
_PROBLEMS: Final = {"sign_in": REFUSED, "402": CREDIT}


def run() -> None:
    """Raise what is to be raised, and end what is over; again it changes nothing."""
    watch_vendor()
    watch_disk()
    watch_clock()


def watch_vendor() -> None:
    """Accounts that are refused, have no credit, or whose APIs do not answer."""
    found: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    now = clock.now()
    for call in VendorCall.objects.filter(bad_at__gt=now - RECENT):
        if _is_refuted(call):
            continue
        kind = _PROBLEMS.get(call.problem, AWAY if _is_away(call.problem) else "")
        if kind == AWAY and call.good_at is not None and call.good_at > now - PATIENCE:
            continue
        if kind:
            found[kind][call.account].append(call.api)
    for kind in (REFUSED, CREDIT, AWAY):
        for account, apis in found[kind].items():
            alerts.alert(kind, account, apis=sorted(apis))
        alerts.end_others(kind, list(found[kind]))


def account_name(key: str) -> str:
    """An account's name for people, by its id."""
    row = VendorAccount.objects.filter(pk=int(key)).first() if key.isdecimal() and key != "0" else None
    return row.name if row else _("of the settings")


def watch_disk() -> None:
    """Whether there is room where the portal keeps its files."""
    room = shutil.disk_usage(settings.PORTAL_DATA_DIR)
    percent = 100 * room.free // room.total
    if room.free < LEAST or percent < LEAST_PERCENT:
        alerts.alert(DISK, hosts.name(), free=room.free // 2**20, percent=percent)
    else:
        alerts.all_clear(DISK, hosts.name())


def watch_clock() -> None:
    """Whether this machine's clock agrees with the database's, by which leases are measured."""
    seconds = skew()
    if seconds > SKEW:
        alerts.alert(CLOCK, hosts.name(), seconds=round(seconds))
    else:
        alerts.all_clear(CLOCK, hosts.name())


def skew() -> float:
    """By how many seconds the two clocks differ, as far as that can be seen."""
    before = clock.host_now()
    middle = clock.database_now()
    after = clock.host_now()
    return max(0.0, (before - middle).total_seconds(), (middle - after).total_seconds())


def _is_refuted(call: VendorCall) -> bool:
    """Whether a good answer came since. None to what costs nothing shows that there is credit again: that is believed
    once no call was refused for a while, since whoever has something to send tries each minute.
    """
    if call.bad_at is None or call.good_at is None or call.good_at < call.bad_at:
        return False
    return _PROBLEMS.get(call.problem) != CREDIT or call.bad_at <= clock.now() - PATIENCE


def _is_away(problem: str) -> bool:
    return problem in ("no_answer", "broken") or (problem.isdecimal() and problem >= "500")
