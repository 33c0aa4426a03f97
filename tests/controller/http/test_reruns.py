"""Reruns over HTTP: what is asked for again, by whom, and what the active revision does not take; a secret is named and never replayed."""

from collections.abc import Mapping

import pytest

from attune_core.values import JsonObject
from attune_core.wire.api import Accepted, Failure
from tests.controller.http.executions import plan
from tests.controller.http.house import FILES, House

RERUN = "/v1/executions/1/rerun"
UNIT, TOKEN = "unit: {type: string}", "token: {type: string, secret: true}"


def revision(*parameters: str) -> Mapping[str, str]:
    """Return a revision whose action takes these parameters, and no rule that would have to fit them."""
    document = f"description: Restart a unit\nrun: [sh, restart.sh]\nparameters: {{{', '.join(parameters)}}}\n"
    return {name: text for name, text in FILES.items() if "/rules/" not in name} | {"packs/web/actions/restart.yaml": document}


def activate(house: House, files: Mapping[str, str]) -> None:
    """Make exactly these files the active revision."""
    for name in FILES.keys() - files.keys():
        (house.folder / "repository" / name).unlink()
    house.activate(files)


async def test_a_rerun_asks_for_the_same_and_names_the_secret_without_its_value(house: House) -> None:
    activate(house, revision(UNIT, TOKEN))
    house.write_secret("web_token", b"what-nobody-may-see")
    [first] = await plan(house.store, "1")
    async with house.client("operate") as client:
        answer = await client.post(RERUN, json={})
    accepted = Accepted.model_validate_json(answer.content)
    assert (answer.status_code, accepted.source) == (202, f"attune:api/reruns/{first.new.id}")
    stored = await house.store.event(accepted.position)
    assert stored is not None
    run: JsonObject = {"action": "web.restart", "input": {"unit": "web_a"}, "secrets": {"token": "web_token"}}
    assert stored.new.data == run | {"match": {"role": "web"}, "pick": "any"}


async def test_a_rerun_whose_answer_was_lost_is_asked_for_once_more_and_made_once(house: House) -> None:
    await plan(house.store, "1", secrets={})
    await plan(house.store, "2", secrets={})
    key = {"idempotency-key": "4f1c"}
    async with house.client("operate") as client:
        first = Accepted.model_validate_json((await client.post(RERUN, headers=key)).content)
        again = await client.post(RERUN, headers=key)
        other = await client.post("/v1/executions/2/rerun", headers=key)
    assert (again.status_code, Accepted.model_validate_json(again.content).position) == (200, first.position)
    assert (other.status_code, Accepted.model_validate_json(other.content).position) == (202, first.position + 1)


@pytest.mark.parametrize(
    ("files", "code", "said", "remedy"),
    [
        ({name: text for name, text in revision().items() if "restart." not in name}, "ATT251", "no action web.restart", "live once"),
        (revision("unit: {type: integer}", TOKEN), "ATT250", "/unit", "attune action run web.restart"),
        (revision(TOKEN), "ATT250", "unit", "attune action run web.restart"),
        (revision(UNIT, TOKEN, "how: {type: string}"), "ATT250", "how", "attune action run web.restart"),
        (revision(UNIT, TOKEN, "key: {type: string, secret: true}"), "ATT251", "the secret parameter key", "attune action run web.restart"),
        (revision(UNIT, "token: {type: string}"), "ATT251", "token is no secret parameter", "attune action run web.restart"),
        (revision(UNIT), "ATT251", "token is no secret parameter", "attune action run web.restart"),
        # What stood in the open when it ran is a secret now: it is neither used nor said.
        (revision("unit: {type: string, secret: true}", TOKEN), "ATT251", "the secret parameter unit", "attune action run web.restart"),
        (revision("unit: {type: string, secret: true, optional: true}", TOKEN), "ATT250", "unit", "attune action run web.restart"),
    ],
    ids=[
        "no-action",
        "other-type",
        "parameter-gone",
        "parameter-new",
        "secret-new",
        "secret-open-now",
        "secret-gone",
        "open-secret-now",
        "open-maybe-secret-now",
    ],
)
async def test_what_the_active_revision_does_not_take_is_refused_at_the_door_and_leaves_nothing(
    house: House, files: Mapping[str, str], code: str, said: str, remedy: str
) -> None:
    activate(house, files)
    await plan(house.store, "1")
    async with house.client("operate") as client:
        answer = await client.post(RERUN)
    failure = Failure.model_validate_json(answer.content)
    assert (answer.status_code, failure.code) == (400, code)
    assert said in failure.detail
    assert remedy in failure.remedy
    assert "web_a" not in failure.detail or "type: integer" in files["packs/web/actions/restart.yaml"]
    assert await house.store.event(2) is None


async def test_a_rerun_takes_no_other_input(house: House) -> None:
    await plan(house.store, "1", secrets={})
    async with house.client("operate") as client:
        answer = await client.post(RERUN, json={"input": {"unit": "web_b"}})
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (400, "ATT413")
    assert await house.store.event(2) is None


@pytest.mark.parametrize("name", ["2", "0", "x", "01900001-0000-7000-8000-00000000ffff"])
async def test_an_execution_that_is_not_there_is_not_run_again(house: House, name: str) -> None:
    await plan(house.store, "1", secrets={})
    async with house.client("operate") as client:
        answer = await client.post(f"/v1/executions/{name}/rerun")
    assert (answer.status_code, Failure.model_validate_json(answer.content).code) == (404, "ATT611")


@pytest.mark.parametrize(("scopes", "status"), [((), 401), (("read",), 403), (("events:send",), 403), (("admin",), 202)])
async def test_who_may_not_operate_runs_nothing_again(house: House, scopes: tuple[str, ...], status: int) -> None:
    await plan(house.store, "1", secrets={})
    async with house.client(*scopes) as client:
        assert (await client.post(RERUN)).status_code == status
    assert (await house.store.event(2) is None) == (status != 202)
