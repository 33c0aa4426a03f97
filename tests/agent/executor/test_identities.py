"""Which uids an executor takes, and for how many sensors there are some."""

import pytest

from attune_agent.executor.identities import DEFAULT_SENSORS, UidsUnusable, choose_identities

pytestmark = pytest.mark.root


@pytest.mark.parametrize(
    ("uids", "sensors", "hosted"),
    [
        (None, None, DEFAULT_SENSORS),
        ((59_950, 59_979), None, DEFAULT_SENSORS),
        ((59_950, 59_956), None, 2),
        ((59_950, 59_954), None, 0),
        ((59_950, 59_979), 3, 3),
        ((59_950, 59_954), 0, 0),
    ],
)
def test_a_range_that_was_chosen_before_there_were_sensors_still_serves(
    uids: tuple[int, int] | None, sensors: int | None, hosted: int
) -> None:
    identities = choose_identities(uids, None, 4, sensors)
    assert identities.sensors == hosted
    assert len(identities.own_uids(4)) == 1 + 4 + hosted


def test_more_than_the_range_has_room_for_is_refused_with_the_numbers() -> None:
    with pytest.raises(UidsUnusable, match="4 slots, 3 sensors and the build user need 8 uids, 59950-59956 has 7"):
        choose_identities((59_950, 59_956), None, 4, 3)
