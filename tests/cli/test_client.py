"""What the command line says of itself with each request."""

import pytest

from attune_cli.client import Client
from attune_cli.profiles import Profile
from tests.core.test_traces import FINE


@pytest.mark.parametrize(("given", "sent"), [(FINE, FINE), ("nonsense\nx: y", None), (None, None)])
def test_the_trace_of_the_caller_is_that_of_its_requests(monkeypatch: pytest.MonkeyPatch, given: str | None, sent: str | None) -> None:
    monkeypatch.delenv("TRACEPARENT", raising=False)
    if given is not None:
        monkeypatch.setenv("TRACEPARENT", given)
    with Client(Profile(url="http://127.0.0.1:1", authority="", token="t")) as client:
        assert client._http.headers.get("traceparent") == sent
