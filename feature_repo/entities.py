"""What features belong to."""

from feast import Entity, ValueType

from alphaline.runtime.feature_store import ENTITY

instrument = Entity(
    name=ENTITY,
    join_keys=[ENTITY],
    value_type=ValueType.STRING,
    description="Stable id of an instrument from the instrument master, not its ticker.",
)
