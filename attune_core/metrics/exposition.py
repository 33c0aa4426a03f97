"""The one door to prometheus-client: families in Prometheus' text format, and beside them what the process itself uses.

Called by `server` for each scrape. Imported only where metrics are configured: it costs memory that others do not spend.
"""

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from attune_core.metrics.family import PREFIX, Family

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    """One program's metrics, written down again and again."""

    def __init__(self) -> None:
        """Begin with what the process uses: memory, processor time, open files."""
        self._registry = CollectorRegistry()
        self._families: Sequence[Family] = ()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Families(self))

    def text(self, families: Sequence[Family]) -> bytes:
        """Return the page."""
        self._families = families
        return generate_latest(self._registry)

    def metrics(self) -> Iterator[Metric]:
        """Yield the families as the library has them."""
        for one in self._families:
            kind = CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily
            metric = kind(PREFIX + one.name, one.help, labels=one.labels)
            for labels, value in one.samples:
                metric.add_metric(labels, value)
            yield metric


class _Families(Collector):
    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def collect(self) -> Iterator[Metric]:
        return self._exposition.metrics()
