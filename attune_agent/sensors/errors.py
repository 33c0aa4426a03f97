"""Why a sensor does not run on this host (ATT548 to ATT552); each is the last error of its status."""

from attune_core.errors import AttuneError, Blame


class SensorsUnsupported(AttuneError):
    """The executor of this host is of a release that hosts no sensors, or was told to host none."""

    code, blame = "ATT548", Blame.HOST
    remedy = "install the executor of the agent's release and let `sensors` in agent.yaml, and its `uids`, have room for them"


class TooManySensors(AttuneError):
    """More sensors are placed on this host than it may run at the same time."""

    code, blame = "ATT549", Blame.HOST
    remedy = "raise `sensors` in agent.yaml and restart attune-executor when the host is idle, or place fewer by labels"


class SensorUnfit(AttuneError):
    """The pack with the assigned digest is not the one of the sensor."""

    code, blame = "ATT550", Blame.DEFECT
