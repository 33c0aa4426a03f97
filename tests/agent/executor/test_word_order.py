"""A word and the record of its start may come in either order, and from anybody: it begins or is dropped once, at its own asker's word."""

from dataclasses import dataclass, field

from attune_agent.executor.words import Awaiting, Word, Words

KEY, OTHER = ("execution a", 1), ("execution b", 1)
ASKER, STRANGER = object(), object()


@dataclass
class Told:
    """The words of an executor, and what came of its starts."""

    words: Words = field(default_factory=Words)
    came: list[str] = field(default_factory=list)

    def enter(self, key: tuple[str, int] = KEY, asker: object = ASKER) -> None:
        self.words.enter(key, Awaiting(asker, lambda: self.note(key, "begin"), lambda: self.note(key, "drop")))

    def note(self, key: tuple[str, int], what: Word) -> None:
        assert key not in self.words, "it waits no more when it is acted on"
        self.came.append(f"{key[0]} {what}")


def test_a_start_waits_until_it_is_recorded_and_its_word_is_said_in_either_order() -> None:
    for word in ("begin", "drop"):
        recorded_first, said_first = Told(), Told()
        recorded_first.enter()
        recorded_first.words.recorded(KEY)
        assert (recorded_first.came, KEY in recorded_first.words) == ([], True)
        recorded_first.words.say(KEY, word, ASKER)
        said_first.enter()
        said_first.words.say(KEY, word, ASKER)
        assert (said_first.came, KEY in said_first.words) == ([], True)
        said_first.words.recorded(KEY)
        assert recorded_first.came == said_first.came == [f"execution a {word}"]


def test_the_word_of_somebody_else_or_for_what_does_not_wait_means_nothing() -> None:
    told = Told()
    told.words.say(KEY, "begin", ASKER)
    told.enter()
    told.words.recorded(KEY)
    told.words.say(KEY, "begin", STRANGER)
    told.words.say(OTHER, "begin", ASKER)
    assert (told.came, KEY in told.words) == ([], True)
    told.words.say(KEY, "begin", ASKER)
    told.words.say(KEY, "drop", ASKER)
    assert told.came == ["execution a begin"]


def test_before_the_record_is_there_the_last_word_counts() -> None:
    told = Told()
    told.enter()
    told.words.say(KEY, "begin", ASKER)
    told.words.give_up(ASKER)
    assert told.came == []
    told.words.recorded(KEY)
    assert told.came == ["execution a drop"]


def test_whoever_is_gone_takes_along_what_waits_for_them_and_nothing_of_others() -> None:
    told = Told()
    told.enter()
    told.enter(OTHER, STRANGER)
    told.words.recorded(KEY)
    told.words.recorded(OTHER)
    told.words.give_up(ASKER)
    assert (told.came, OTHER in told.words) == (["execution a drop"], True)


def test_an_executor_that_ends_drops_what_waits_for_anybody() -> None:
    told = Told()
    told.enter()
    told.enter(OTHER, STRANGER)
    told.words.recorded(KEY)
    told.words.recorded(OTHER)
    told.words.give_up()
    assert sorted(told.came) == ["execution a drop", "execution b drop"]


def test_what_could_not_be_recorded_waits_for_nothing() -> None:
    told = Told()
    told.words.failed(KEY)
    told.enter()
    told.words.say(KEY, "begin", ASKER)
    told.words.failed(KEY)
    assert KEY not in told.words
    told.words.say(KEY, "begin", ASKER)
    told.words.give_up()
    assert told.came == []
