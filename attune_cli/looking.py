"""Looking: the overview again and again, through whatever interrupts it; called by `attune top`."""

from collections.abc import Iterator

from attune_cli.client import Client
from attune_cli.errors import ControllerUnreachable, RequestFailed
from attune_core.wire.overview import OverviewView


def looks(client: Client) -> Iterator[OverviewView | str]:
    """Yield what there is to see at each call, or why nothing is; the first answer must come, and a refusal is raised."""
    first = True
    while True:
        try:
            yield client.get("/v1/overview", OverviewView)
        except (ControllerUnreachable, RequestFailed) as error:
            if first or (isinstance(error, RequestFailed) and error.status < 429):
                raise
            yield error.message
        first = False
