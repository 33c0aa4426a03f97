"""Everything a sensor's process needs, brought together in memory: pack, environment, secrets, its document, variables.

Called by `sensor` for each start; goes on to packs, environments and secrets as an attempt's preparation does, and has the same errors.
"""

from collections.abc import Callable
from dataclasses import dataclass

from attune_agent.confinement import Confinement
from attune_agent.host import InputVia, Kind, LogBounds, ResultSource, SpoolBounds, StartRequest
from attune_agent.masks import mask_forms
from attune_agent.packs.pack_copy import SENSORS, PackCopy
from attune_agent.preparation import Environments, Packs
from attune_agent.sensors.errors import SensorUnfit
from attune_core.input_documents.writing import input_document
from attune_core.values import JsonObject, JsonValue
from attune_core.wire.sensors import SensorAssignment

#: How long a sensor has between SIGTERM and SIGKILL, seconds.
GRACE = 10.0


@dataclass(frozen=True, kw_only=True)
class SensorStart:
    """One start: its run, what a poll is given back, and the bounds that hold for it."""

    assignment: SensorAssignment
    run: str
    state: JsonValue
    spool: SpoolBounds
    lease: float | None


@dataclass(frozen=True, kw_only=True)
class PreparedSensor:
    """The request, in memory; it names no executor yet."""

    request: StartRequest
    #: The document goes into a file and holds secrets: the file must not lie on a disk.
    only_in_memory: bool


class SensorPreparation:
    """Prepares sensors on one host."""

    def __init__(
        self,
        *,
        packs: Packs,
        environments: Environments,
        secret: Callable[[str], str],
        path: tuple[str, ...],
        confinement: Confinement,
    ) -> None:
        """Take the same parts as an attempt's preparation."""
        self._packs = packs
        self._environments = environments
        self._secret = secret
        self._path = path
        self._confinement = confinement

    async def prepare(self, start: SensorStart) -> PreparedSensor:
        """Make the request; secrets are read anew for each start, and are in the returned value only."""
        assignment, confinement = start.assignment, self._confinement
        confinement.check_sensor(assignment.sensor)
        pack = await self._pack(assignment)
        document = pack.sensor(assignment.sensor.partition(".")[2])
        user = confinement.user_of_sensor(assignment.sensor, document)
        environment = await self._environments.prepare(pack, document.environment, execution=start.run)
        root = await self._packs.place(pack, environment.key, environment.links)
        secrets = {key: self._secret(name) for key, name in assignment.secrets.items()}
        poll = assignment.mode == "poll"
        request = StartRequest(
            execution=start.run,
            attempt=1,
            kind=Kind.SENSOR,
            argv=environment.command(document.run),
            env={
                **environment.variables,
                "LANG": "C.UTF-8",
                "ATTUNE_SENSOR": assignment.sensor,
                "ATTUNE_PACK": str(root),
                "PATH": ":".join((*environment.path, *self._path)),
            },
            cwd=str(root / SENSORS),
            timeout=confinement.timeout(assignment.timeout) if poll else 0.0,
            grace=GRACE,
            input=input_document(document.input.format, _document(start, secrets), taken=environment.variables.keys()),
            input_via=InputVia(document.input.via),
            logs=LogBounds(segment=document.logs.segment, segments=document.logs.segments),
            result_from=ResultSource.NONE,
            masks=mask_forms(secrets.values()),
            uses=environment.key,
            user=user,
            action=assignment.sensor,
            limits=confinement.limits(document),
            sandbox=confinement.sandbox(document, root, environment.key),
            spool=start.spool,
            lease=start.lease,
        )
        return PreparedSensor(request=request, only_in_memory=document.input.via == "file" and bool(secrets))

    async def _pack(self, assignment: SensorAssignment) -> PackCopy:
        pack = await self._packs.fetch(assignment.digest)
        if pack.document.name != assignment.pack or not assignment.sensor.startswith(f"{assignment.pack}."):
            raise SensorUnfit(f"the pack with this digest is {pack.document.name}, not the one of {assignment.sensor}")
        return pack


def _document(start: SensorStart, secrets: dict[str, str]) -> JsonObject:
    """Return what the sensor reads."""
    document: JsonObject = {"config": {**start.assignment.config, **secrets}}
    return {**document, "state": start.state} if start.assignment.mode == "poll" else document
