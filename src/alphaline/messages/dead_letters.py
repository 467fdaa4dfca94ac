"""A message that could not be used, kept with its reason."""

import base64

from alphaline.messages.market import Message


class DeadLetter(Message, frozen=True, tag="dead_letter"):
    """A rejected message: where it stood, why it was rejected, and its bytes.

    ``reason`` is a stable code, ``detail`` a sentence for people, ``payload`` the raw value in base64.
    """

    topic: str
    partition: int
    offset: int
    key: str | None
    reason: str
    detail: str
    payload: str

    def raw(self) -> bytes:
        """Return the rejected bytes."""
        return base64.b64decode(self.payload)
