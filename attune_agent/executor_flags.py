"""The flags of attune-executor that an agent.yaml stands for, so that the two programs cannot differ. Pure.

Printed by `attune-agent executor-flags`, which the root-owned unit runs before the executor; the executor itself reads no YAML (decision
3) and asks the agent for nothing.
"""

from attune_agent.host_settings import HostSettings


def executor_flags(settings: HostSettings) -> list[str]:
    """Return the flags, each with its value."""
    flags = [f"--slots={settings.slots}", f"--processes={settings.limits.processes}"]
    if settings.sensors is not None:
        flags.append(f"--sensors={settings.sensors}")
    if settings.uids is not None:
        flags.append(f"--uids={settings.uids}")
    if settings.limits.memory is not None:
        flags.append(f"--memory={settings.limits.memory}")
    for user, grant in sorted(settings.users.items()):
        actions = [*(f"{pack}.*" for pack in grant.packs), *grant.actions, *grant.sensors]
        if actions:
            flags.append(f"--grant={user}={','.join(actions)}")
            if grant.privileges:
                flags.append(f"--privileged={user}")
    return flags
