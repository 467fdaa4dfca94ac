"""Where bytes of ``market.*`` become values that the line may rest on."""

from collections.abc import Callable, Mapping

from alphaline.errors import MessageError
from alphaline.market.instruments import InstrumentMaster
from alphaline.market.validation import check_bar, check_clock, check_observation
from alphaline.messages import Bar, Clock, Message, Observation, decode


def checked_decoder(
    master: InstrumentMaster, units: Mapping[str, str]
) -> Callable[[str, bytes | None], Message]:
    """Return the decoder that every reader of the line uses, so that all see the same records.

    ``units`` gives the unit of every declared series. The decoder raises MessageError with the reason
    code of the first check that fails.
    """

    def decode_checked(topic: str, value: bytes | None) -> Message:
        message = decode(topic, value)
        reason: str | None = None
        if isinstance(message, Bar):
            reason = check_bar(message, master)
        elif isinstance(message, Observation):
            reason = check_observation(message, units)
        elif isinstance(message, Clock):
            reason = check_clock(message)
        if reason is not None:
            raise MessageError(reason, f"{topic}: {message}")
        return message

    return decode_checked
