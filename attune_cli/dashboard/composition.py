"""The composition root of the dashboard: builds it from a profile, runs it, and says afterwards why it ended.

Called by the command, which imports it when it is typed; the first answer of the controller is asked for before the screen is switched, so
that a wrong token or a missing server is one line as in every command.
"""

import time

from attune_cli.changes import watch
from attune_cli.client import Client
from attune_cli.dashboard.app import Dashboard
from attune_cli.dashboard.feed import Feed
from attune_cli.dashboard.model import Picture, seen
from attune_cli.profiles import Profile
from attune_core.wire.overview import OverviewView


def run_dashboard(profile: Profile, *, readonly: bool) -> None:
    """Show the dashboard until it is left."""
    with Client(profile) as client, Client(profile) as watching:
        overview = client.get("/v1/overview", OverviewView)
        picture = seen(Picture(url=profile.url, readonly=readonly), overview, time.time())
        app = Dashboard(client, Feed(lambda: watch(watching)), picture)
        app.run()
    if app.broken is not None:
        raise app.broken
    if app.interrupted:
        raise KeyboardInterrupt
