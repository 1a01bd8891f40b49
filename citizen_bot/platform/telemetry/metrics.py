"""Prometheus metrics, summed over all processes that share PROMETHEUS_MULTIPROC_DIR.

That variable must be set before this module is imported: prometheus_client reads it at import. Without it, a process
counts for itself only.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from citizen_bot.platform.telemetry.folder import MULTIPROC_VARIABLE

CONTENT_TYPE = CONTENT_TYPE_LATEST

log = structlog.get_logger(__name__)

messages = Counter("citizen_bot_messages", "Messages and events taken in, repeats not counted", ["kind"])
repeats = Counter("citizen_bot_repeats", "Repeats of a message, answered with the stored reply")
decisions = Counter("citizen_bot_decisions", "What the matcher made of a question", ["intent", "decision"])
reply_seconds = Histogram(
    "citizen_bot_reply_seconds",
    "From a callback's arrival to its answer",
    # WeChat gives up after 5 s.
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5),
)
faults = Counter("citizen_bot_faults", "Messages answered with an apology because something broke inside")
rejected_callbacks = Counter("citizen_bot_rejected_callbacks", "Callbacks refused at the door", ["reason"])


def read_at_scrape(
    name: str, documentation: str, labels: Sequence[str], read: Callable[[], Iterable[tuple[Sequence[str], float]]]
) -> Collector:
    """A gauge whose values are read when somebody asks: `read` gives pairs of label values and number.

    When `read` raises, the gauge is missing from that answer and the others are still given.
    """
    return _ReadAtScrape(name, documentation, labels, read)


class _ReadAtScrape(Collector):
    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        read: Callable[[], Iterable[tuple[Sequence[str], float]]],
    ) -> None:
        self._family = (name, documentation, labels)
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        name, documentation, labels = self._family
        family = GaugeMetricFamily(name, documentation, labels=labels)
        try:
            for values, number in self._read():
                family.add_metric(values, number)
        except Exception as error:
            log.warning("metric not readable", metric=name, error=type(error).__name__)
            return
        yield family


def exposition(collectors: Iterable[Collector] = (), environment: Mapping[str, str] = os.environ) -> bytes:
    """All metrics in Prometheus' text format, those of `collectors` included."""
    registry = CollectorRegistry()
    folder = environment.get(MULTIPROC_VARIABLE)
    if folder and Path(folder).is_dir():
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)
