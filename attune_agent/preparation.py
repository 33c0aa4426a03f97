"""Everything an attempt needs, brought together in memory: pack, environment, secrets, input, variables; the first half of step 7.

Called by `attempt`; goes on to packs, environments and secrets. Its errors are those of `preparation_errors`,
`PolicyDenied` and `InputUnwritable`.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from attune_agent.attempt import Prepared
from attune_agent.confinement import Confinement
from attune_agent.environments import environments
from attune_agent.host import InputVia, StartRequest
from attune_agent.masks import mask_forms
from attune_agent.packs.pack_copy import ACTIONS, PackCopy
from attune_agent.preparation_errors import PackMismatch
from attune_agent.recipe import Recipe, recipe_of
from attune_agent.results import RESULT_LIMIT, ResultRules
from attune_core.input_documents.writing import input_document
from attune_core.wire.assignment import Assign, Policy

#: Actions whose recipes stay in memory.
_REMEMBERED = 512


class Packs(Protocol):
    """Copies of packs on this host; `packs.packs.Packs` is the real one."""

    async def fetch(self, digest: str) -> PackCopy:
        """Return the pack of a digest."""
        ...

    async def place(self, pack: PackCopy, environment: str | None, links: Mapping[str, Path]) -> Path:
        """Return the root of the copy to run in."""
        ...


class Environments(Protocol):
    """Isolated installs; `environments.environments.Environments` is the real one."""

    async def prepare(self, pack: PackCopy, name: str | None, *, execution: str) -> environments.Prepared:
        """Return what an attempt gets of its environment, built if it must be."""
        ...


class Preparation:
    """Prepares attempts on one host."""

    def __init__(
        self,
        *,
        packs: Packs,
        environments: Environments,
        secret: Callable[[str], str],
        path: tuple[str, ...],
        confinement: Confinement,
    ) -> None:
        """Take the parts: `secret` reads one by name, `path` is the host setting, `confinement` what the host lets an action be."""
        self._packs = packs
        self._environments = environments
        self._secret = secret
        self._path = path
        self._confinement = confinement
        self._recipes: OrderedDict[tuple[str, str], Recipe] = OrderedDict()

    async def prepare(self, assign: Assign, *, attempt: int, policy: Policy) -> Prepared:
        """Make the request of one attempt; secrets are read anew for each, and are in the returned value only."""
        confinement = self._confinement
        confinement.check_action(assign.action)
        pack = await self._pack(assign)
        recipe = self._recipe(pack, assign)
        user = confinement.user(assign.action, recipe.document)
        environment = await self._environments.prepare(pack, recipe.document.environment, execution=assign.execution)
        root = await self._packs.place(pack, environment.key, environment.links)
        secrets = self._secrets(assign)
        masks = mask_forms(secrets.values())
        contract = recipe.document.input
        document = input_document(
            contract.format, {**assign.input, **secrets}, taken=recipe.variables.keys() | environment.variables.keys()
        )
        return Prepared(
            request=StartRequest(
                execution=assign.execution,
                attempt=attempt,
                argv=environment.command(recipe.document.run),
                env={
                    **environment.variables,
                    **recipe.declared_variables(assign.input),
                    **_contract(assign, attempt, root),
                    "PATH": ":".join((*environment.path, *self._path)),
                },
                cwd=str(root / ACTIONS),
                timeout=confinement.timeout(policy.timeout),
                grace=policy.grace,
                input=document,
                input_via=InputVia(contract.via),
                logs=recipe.logs,
                result_from=recipe.rules.source,
                result_limit=RESULT_LIMIT,
                masks=masks,
                uses=environment.key,
                user=user,
                action=assign.action,
                limits=confinement.limits(recipe.document),
                sandbox=confinement.sandbox(recipe.document, root, environment.key),
            ),
            rules=replace(recipe.rules, masks=masks),
            only_in_memory=contract.via == "file" and bool(secrets),
        )

    async def rules(self, assign: Assign) -> ResultRules:
        """Return only what the action's document says of its Result, and what is masked in it."""
        recipe = self._recipe(await self._pack(assign), assign)
        return replace(recipe.rules, masks=mask_forms(self._secrets(assign).values()))

    def _secrets(self, assign: Assign) -> dict[str, str]:
        return {parameter: self._secret(name) for parameter, name in assign.secrets.items()}

    async def _pack(self, assign: Assign) -> PackCopy:
        pack = await self._packs.fetch(assign.digest)
        if pack.document.name != assign.pack or not assign.action.startswith(f"{assign.pack}."):
            raise PackMismatch(f"the pack with this digest is {pack.document.name}, not the one of {assign.action}")
        return pack

    def _recipe(self, pack: PackCopy, assign: Assign) -> Recipe:
        key = (assign.digest, assign.action)
        found = self._recipes.get(key)
        if found is None:
            found = self._recipes[key] = recipe_of(pack.action(assign.action.partition(".")[2]))
            while len(self._recipes) > _REMEMBERED:
                self._recipes.popitem(last=False)
        return found


def _contract(assign: Assign, attempt: int, root: Path) -> dict[str, str]:
    """Return the variables of docs/contract/action.md; HOME, TMPDIR and ATTUNE_RESULT come from the executor."""
    variables = {
        "LANG": "C.UTF-8",
        "ATTUNE_EXECUTION_ID": assign.execution,
        "ATTUNE_ATTEMPT": str(attempt),
        "ATTUNE_ACTION": assign.action,
        "ATTUNE_PACK": str(root),
    }
    return {**variables, "TRACEPARENT": assign.traceparent} if assign.traceparent else variables
