"""Numbers for Prometheus: what processes count themselves, and what the rows say.

Every process of this machine counts in files of its own under `PORTAL_DATA_DIR/metrics`, which whoever is scraped adds
up. A process takes the first free place there and hands it on when it ends, so that files do not pile up. What rows say
is counted once a minute in the background, and only read here: a scrape costs a few small queries at any size.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.db import Error
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from pecportal import clock, queue
from pecportal.operation import health, liveness
from pecportal.operation.models import Alert, Delivery, Figure, VendorCall
from pecportal.organisations.models import VendorAccount

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
FIGURES: Final = "metric."  # the figures whose kinds begin so are exposed: `metric.NAME` or `metric.NAME.LABEL`
_PLACES: Final = 512
_RANKS: Final = {liveness.Health.FINE: 0, liveness.Health.LATE: 1, liveness.Health.FROZEN: 2}
_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)


class _Place:
    """This process's place among those of the machine: held by a lock that ends with the process."""

    def __init__(self) -> None:
        self._pid = 0
        self._number = 0
        self._file: IO[str] | None = None

    def __call__(self) -> str:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._number, self._file = _take(Path(settings.METRICS_DIR))
        return f"place-{self._number}"


def _take(folder: Path) -> tuple[int, IO[str] | None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(_PLACES):
        file = (folder / f"{number}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        return number, file
    return os.getpid() + _PLACES, None


def _several() -> None:
    """Have all metrics made from now on be counted in files."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.METRICS_DIR)
    Path(settings.METRICS_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    values.ValueClass = values.MultiProcessValue(process_identifier=_Place())  # type: ignore[no-untyped-call]


_several()
_calls: Final = Histogram(
    "pecportal_vendor_seconds",
    "Seconds until the vendor's answer, by API and outcome",
    ["api", "outcome"],
    buckets=_BUCKETS,
    registry=CollectorRegistry(),
)


def observe_call(call: str, outcome: str, seconds: float) -> None:
    """Count one call to the vendor, such as `massiva POST /send`; `outcome` is its status, or what was wrong."""
    _calls.labels(call.partition(" ")[0] or "other", outcome).observe(seconds)


def exposed() -> bytes:
    """Everything, as text."""
    registry = CollectorRegistry()
    Path(settings.METRICS_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    MultiProcessCollector(registry, path=str(settings.METRICS_DIR))  # type: ignore[no-untyped-call]
    registry.register(_Rows())
    return generate_latest(registry)


class _Rows:
    """What the rows say, read anew at each scrape."""

    def collect(self) -> Iterable[Metric]:
        try:
            yield from [*_figures(), *_lanes(), *_alerts(), *_vendor(), *_journal()]
            up = 1
        except Error:
            up = 0
        yield _gauge("pecportal_database_up", "Whether the database answers", {(): up})
        checks: dict[tuple[str, ...], float] = {
            (name,): ("ok", "warning", "failing").index(word) for name, word in health.now().checks.items()
        }
        yield _gauge("pecportal_health", "0 in order, 1 a warning, 2 failing", checks, "check")


def _figures() -> Iterator[Metric]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    oldest = None
    for row in Figure.objects.filter(kind__startswith=FIGURES):
        name, _dot, label = row.kind.removeprefix(FIGURES).partition(".")
        found.setdefault(name, {})[(label,)] = row.value
        oldest = min(filter(None, (oldest, row.at)))
    for name, samples in sorted(found.items()):
        yield _gauge(f"pecportal_{name}", "Counted in the background, once a minute", samples, "of")
    if oldest is not None:
        age = (clock.now() - oldest).total_seconds()
        yield _gauge("pecportal_figures_age_seconds", "How old the oldest of these figures is", {(): age})


def _lanes() -> Iterator[Metric]:
    lanes = liveness.all_lanes()
    now = clock.database_now()
    states = {(lane.name,): float(_RANKS[lane.health]) for lane in lanes}
    silent = {(lane.name,): (now - lane.beaten_at).total_seconds() for lane in lanes if lane.beaten_at}
    waits = {(lane.name,): queue.oldest_wait(lane.name) or 0.0 for lane in lanes}
    yield _gauge("pecportal_lane_state", "0 in order, 1 late, 2 at a standstill", states, "lane")
    yield _gauge("pecportal_lane_silent_seconds", "Seconds since the last sign of life", silent, "lane")
    yield _gauge("pecportal_lane_oldest_job_seconds", "How long the oldest job has waited", waits, "lane")


def _alerts() -> Iterator[Metric]:
    kinds: dict[tuple[str, ...], float] = {}
    for kind in Alert.objects.filter(ended_at=None).order_by().values_list("kind", flat=True):
        kinds[(kind,)] = kinds.get((kind,), 0) + 1
    yield _gauge("pecportal_alerts_open", "Open alerts", kinds, "kind")
    waiting = Delivery.objects.filter(done_at=None).count()
    yield _gauge("pecportal_alerts_untold", "Alerts that some place was not told of yet", {(): waiting})


def _vendor() -> Iterator[Metric]:
    now = clock.now()
    ages = {
        (str(call.account), call.api): (now - call.good_at).total_seconds()
        for call in VendorCall.objects.exclude(good_at=None)
        if call.good_at is not None
    }
    yield _gauge("pecportal_vendor_good_age_seconds", "Since an API last answered well", ages, "account", "api")
    rows = VendorAccount.objects.filter(environment=settings.OPENAPI_ENV).exclude(credit=None)
    credit = {(str(row.pk),): float(row.credit) for row in rows if row.credit is not None}
    yield _gauge("pecportal_wallet_euros", "Credit as it was last read", credit, "account")


def _journal() -> Iterator[Metric]:
    from pecportal.journal.models import Check, Head

    head = Head.objects.filter(pk=1).first()
    entries = CounterMetricFamily("pecportal_journal_entries", "Entries of the journal")
    entries.add_metric([], head.number if head else 0)
    yield entries
    check = Check.objects.exclude(ended_at=None).first()
    if check is not None:
        yield _gauge("pecportal_journal_good", "Whether the last check found nothing", {(): float(check.is_good)})


def _gauge(name: str, words: str, samples: Mapping[Any, float], *labels: str) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for key, value in samples.items():
        family.add_metric(list(key), value)
    return family
