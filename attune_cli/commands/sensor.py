"""`attune sensor`: the sensors that are live and where they run, one of a working copy run here, and a new one from a template."""

from pathlib import Path
from typing import Annotated

import typer

from attune_cli.commands.options import JsonFlag, ProfileName, group
from attune_cli.errors import BadArgument
from attune_cli.languages import SENSOR_LANGUAGES
from attune_cli.references import reference

app = group("Sensors: where each runs and how it is; run one here; start a new one.")


@app.callback()
def sensor() -> None:
    """Sensors: where each runs and how it is; run one here; start a new one."""


@app.command("list")
def list_sensors(json: JsonFlag = False, profile: ProfileName = None) -> None:
    """List the sensors that are live, and where each runs.

    Example: attune sensor list --json
    """
    from attune_cli.client import Client
    from attune_cli.profiles import load_profile
    from attune_cli.render.output import show_json, show_table
    from attune_cli.render.sensor import COLUMNS, sensor_rows
    from attune_core.wire.api import Page
    from attune_core.wire.sensor_views import SensorView

    with Client(load_profile(profile)) as client:
        sensors = list(client.pages("/v1/sensors", Page[SensorView], {}, most=10_000))
    if json:
        show_json(sensors)
        return
    show_table(COLUMNS, [row for one in sensors for row in sensor_rows(one)], empty="no sensor is live")


@app.command()
def show(
    sensor: Annotated[str, typer.Argument(metavar="PACK.SENSOR", help="The sensor, such as web.disk.")],
    json: JsonFlag = False,
    profile: ProfileName = None,
) -> None:
    """Show where a sensor runs and how it is, or why not.

    Example: attune sensor show web.disk
    """
    from attune_cli.client import Client
    from attune_cli.profiles import load_profile
    from attune_cli.render.output import show_fields, show_json
    from attune_cli.render.sensor import sensor_fields
    from attune_core.wire.sensor_views import SensorView

    reference(sensor, "PACK.SENSOR")
    with Client(load_profile(profile)) as client:
        found = client.get(f"/v1/sensors/{sensor}", SensorView)
    if json:
        show_json(found)
    else:
        show_fields(sensor_fields(found))


@app.command()
def logs(
    sensor: Annotated[str, typer.Argument(metavar="PACK.SENSOR", help="The sensor, such as web.disk.")],
    agent: Annotated[str | None, typer.Option("--agent", help="On which agent; without it the first by name that runs it.")] = None,
    build: Annotated[bool, typer.Option("--build", help="What the build of its environment wrote, instead of its stderr.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", "-n", min=0, help="Only the last so many lines.")] = None,
    since: Annotated[str | None, typer.Option(help="Only what was written since: 10m, 1h30m, or a time in RFC 3339.")] = None,
    grep: Annotated[str | None, typer.Option(help="Only lines that match this pattern (RE2).")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the bytes as they are on a terminal, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each line.")] = False,
    profile: ProfileName = None,
) -> None:
    """Print what a sensor wrote to stderr.

    That is its present or last process on one agent; what it wrote to stdout became events.

    Example: attune sensor logs web.disk --tail 20
    """
    from attune_cli.client import Client
    from attune_cli.follow import read_logs
    from attune_cli.log_options import log_part, log_printer
    from attune_cli.log_reader import LogReader, Source
    from attune_cli.profiles import load_profile

    reference(sensor, "PACK.SENSOR")
    stream = "build" if build else "stderr"
    printer = log_printer(stream, grep, raw=raw, json=json)
    part = log_part(attempt=0, offset=0, tail=tail, since=since)
    with Client(load_profile(profile)) as client:
        source = Source(client, f"/v1/sensors/{sensor}", patient=False, parameters={"agent": agent})
        read_logs([LogReader(source, stream, part)], printer)


@app.command()
def run(
    sensor: Annotated[str, typer.Argument(metavar="PACK.SENSOR", help="The sensor, such as web.disk.")],
    local: Annotated[bool, typer.Option("--local", help="Run it here; a controller's sensors are started by rules.")] = False,
    path: Annotated[Path, typer.Option("--repository", help="The pack repository.")] = Path(),
    secrets: Annotated[Path | None, typer.Option("--secrets", help="A folder with a 0600 file for each secret.")] = None,
    json: JsonFlag = False,
) -> None:
    """Run a sensor of a working copy here, until Ctrl-C.

    Each line is shown as Attune understands it, and checked against its triggers. It runs by the same code as on an agent, and nothing is
    sent.
    With --json each line is one JSON object.
    Ends with 1 when a line, or the way it ended, was wrong.

    Example: attune sensor run --local web.disk
    """
    from attune_cli.local.sensor_run import run_here

    if not local:
        hint = f"attune sensor run --local {sensor}; where the live one runs: attune sensor show {sensor}"
        raise BadArgument("sensors run on agents, as soon as a rule needs them; here one runs with --local", hint=hint)
    raise typer.Exit(run_here(path, sensor, secrets, json=json))


@app.command()
def new(
    sensor: Annotated[str, typer.Argument(metavar="PACK.SENSOR", help="Its name, such as web.disk; the pack is made if it is missing.")],
    language: Annotated[str, typer.Option("--language", help=f"What it is written in: {', '.join(SENSOR_LANGUAGES)}.")],
    repository: Annotated[Path, typer.Option("--repository", help="A path in the pack repository.")] = Path(),
    json: JsonFlag = False,
) -> None:
    """Write a new sensor that works.

    That is its document, its program, the trigger that it emits, and the environment that it runs in.

    Example: attune sensor new web.disk --language python
    """
    from attune_cli.new_program import new_sensor
    from attune_cli.render.made import show_made

    pack, name = reference(sensor, "PACK.SENSOR")
    if language not in SENSOR_LANGUAGES:
        raise BadArgument(f"there is no template for {language!r}", hint=f"choose one of {', '.join(SENSOR_LANGUAGES)}")
    made = new_sensor(repository, pack, name, language)
    show_made(made, "sensor", sensor, repository, json=json)
