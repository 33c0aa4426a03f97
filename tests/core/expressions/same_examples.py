"""Settings of the property tests of expressions: the same examples in every run, and no clock; a soak run draws new ones."""

from hypothesis import HealthCheck, settings

_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]
same_examples = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=_CHECKS)
