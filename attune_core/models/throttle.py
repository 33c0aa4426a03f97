"""A rule's throttle: how often it may fire for one key, or which events of a key make one firing together.

Part of `rule`; the catalog checks its keys, and `attune_core.rules` acts by it: `throttling` for `once_within`, `gathering` for the others.
"""

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from attune_core.models.base import DocumentModel, PositiveDuration, Template
from attune_core.names import TriggerReference

#: The forms of a throttle, of which a document has exactly one.
FORMS = ("once_within", "debounce", "accumulate", "absence")
#: Most events that one group may ask for.
MOST = 10_000

Count = Annotated[int, Field(ge=1, le=MOST)]


class Accumulate(DocumentModel):
    """A window opens with a key's first event; the rule fires once for all events in it, or not at all."""

    within: PositiveDuration = Field(description="How long the window stays open after the first event of its key.", examples=["10m"])
    at_least: Count = Field(1, description="With fewer events at its end the rule does not fire.", examples=[3])
    at_most: Count | None = Field(
        None, description="With so many events the rule fires at once, and the next event opens a new window.", examples=[50]
    )

    @model_validator(mode="after")
    def _can_be_met(self) -> "Accumulate":
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError(f"`at_most` is {self.at_most}, less than `at_least`, {self.at_least}: the rule would fire before it may")
        return self


class Absence(DocumentModel):
    """An event of the rule's trigger arms its key; unless an event of `of` with the same key follows, the rule fires."""

    of: TriggerReference = Field(description="The trigger that is waited for; it may be the rule's own.", examples=["web.backup_finished"])
    within: PositiveDuration = Field(description="How long it is waited for.", examples=["30m"])
    of_key: Template | None = Field(
        None,
        description="The key of an event of `of`, over that event; without it `key` is asked of both.",
        examples=["${{ event.data.host }}"],
    )


class Throttle(DocumentModel):
    """Exactly one of `once_within`, `debounce`, `accumulate` and `absence`; all go by the time at which the controller received events."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [form]} for form in FORMS]})

    once_within: PositiveDuration | None = Field(
        None, description="The first firing of a key is admitted, and for so long others of that key are dropped."
    )
    debounce: PositiveDuration | None = Field(
        None, description="It fires when there was no event of a key for so long, once for all of them, with the last.", examples=["2m"]
    )
    accumulate: Accumulate | None = Field(None, description="It fires once for all events of a key within a time, if there are enough.")
    absence: Absence | None = Field(None, description="It fires when an event is not followed by another one of its key.")
    key: Template | None = Field(
        None, description="What is counted apart; without it all events of the rule are one.", examples=["${{ event.data.unit }}"]
    )

    @model_validator(mode="after")
    def _one_form(self) -> "Throttle":
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            said = " and ".join(f"`{form}`" for form in given) or "none of them"
            raise ValueError(f"a throttle has exactly one of {', '.join(FORMS)}; here is {said}")
        return self
