"""Placement: which agent gets an execution (design §5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from attune_controller.placement import choose, matching
from attune_controller.placing import Placing


@dataclass(frozen=True)
class Host:
    name: str
    labels: Mapping[str, str] = field(default_factory=lambda: {"role": "web"})
    connected: bool = True
    cordoned: bool = False


WEB = {"role": "web"}
THREE = (Host("c"), Host("a"), Host("b"))


def test_every_label_must_match_and_the_order_is_by_name() -> None:
    fleet = (*THREE, Host("d", {"role": "db"}), Host("e", {"role": "web", "zone": "x"}))
    assert [host.name for host in matching(fleet, WEB)] == ["a", "b", "c", "e"]
    assert [host.name for host in matching(fleet, {"role": "web", "zone": "x"})] == ["e"]
    assert [host.name for host in matching(fleet, {"name": "d"})] == ["d"]
    assert len(matching(fleet, {})) == 5


def test_without_a_key_the_least_loaded_connected_agent_is_taken() -> None:
    assert choose(THREE, WEB, key="null", holder=None, load={"a": 2, "b": 1, "c": 1}) == "b"
    away = (Host("a", connected=False), Host("b"))
    assert choose(away, WEB, key="null", holder=None, load={"b": 9}) == "b"


def test_keyed_work_follows_the_agent_that_holds_the_key_even_when_it_is_away() -> None:
    fleet = (Host("a", connected=False), Host("b"))
    assert choose(fleet, WEB, key='"u1"', holder="a", load={}) == "a"


def test_a_holder_that_no_longer_matches_is_not_followed() -> None:
    fleet = (Host("a", {"role": "db"}), Host("b"))
    assert choose(fleet, WEB, key='"u1"', holder="a", load={}) == "b"


def test_a_cordoned_agent_gets_nothing_as_if_it_did_not_match() -> None:
    fleet = (Host("a", cordoned=True), Host("b", connected=False))
    assert choose(fleet, WEB, key="null", holder=None, load={"b": 9}) == "b"
    assert choose(fleet, WEB, key='"u1"', holder=None, load={}) == "b"
    assert choose(fleet[:1], WEB, key="null", holder=None, load={}) is None


def test_keyed_work_waits_for_a_cordoned_holder_and_does_not_pass_what_it_holds() -> None:
    fleet = (Host("a", cordoned=True), Host("b"))
    assert choose(fleet, WEB, key='"u1"', holder="a", load={}) is None
    assert choose(fleet, WEB, key='"u1"', holder="b", load={}) == "b"
    assert choose(fleet, WEB, key="null", holder="a", load={}) == "b"


def test_nobody_matches_and_nobody_is_named() -> None:
    assert choose(THREE, {"role": "db"}, key="null", holder=None, load={}) is None


def test_matches_that_are_all_away_still_get_the_work() -> None:
    fleet = (Host("a", connected=False), Host("b", connected=False))
    assert choose(fleet, WEB, key="null", holder=None, load={"a": 1}) == "b"
    assert choose(fleet, WEB, key='"k"', holder=None, load={}) in {"a", "b"}


@given(st.sets(st.sampled_from("abcdefgh"), min_size=2), st.text(min_size=1, max_size=5))
def test_an_agent_that_leaves_moves_only_its_own_keys(names: set[str], key: str) -> None:
    before = choose([Host(name) for name in names], {}, key=key, holder=None, load={})
    gone = min(names)
    after = choose([Host(name) for name in names if name != gone], {}, key=key, holder=None, load={})
    assert before in (after, gone)


def test_a_new_key_goes_to_a_connected_agent_while_there_is_one() -> None:
    keys = [f'"{number}"' for number in range(20)]
    fleet = (Host("a", connected=False), Host("b"), Host("c"))
    assert {choose(fleet, WEB, key=key, holder=None, load={}) for key in keys} == {"b", "c"}
    away = [Host(host.name, connected=False) for host in fleet]
    assert {choose(away, WEB, key=key, holder=None, load={}) for key in keys} == {"a", "b", "c"}


def test_a_rendezvous_looks_at_no_load() -> None:
    before = choose(THREE, WEB, key='"k"', holder=None, load={})
    assert before is not None
    assert choose(THREE, WEB, key='"k"', holder=None, load={before: 1000}) == before


def test_work_of_the_fleet_goes_to_the_least_loaded_whoever_holds_its_key() -> None:
    placing = Placing(THREE, {("web.restart", '"k"'): "a"}, {"a": 5, "b": 1}, set())
    assert [placing.choose("web.restart", '"k"', WEB, fleet=True) for _ in range(3)] == ["c", "b", "c"]
    assert placing.choose("web.restart", '"k"', WEB, fleet=False) == "a"
