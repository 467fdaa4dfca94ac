"""The event ring as server-sent events: a client reads at its own pace and never slows the writer."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from services.gateway.read_model import Event, EventRing
from services.gateway.transport.views import event_view

# Below the 30 s and 60 s after which proxies commonly close a silent connection.
KEEP_ALIVE_S = 15.0


async def server_sent_events(
    ring: EventRing, last_event_id: str | None, keep_alive_s: float = KEEP_ALIVE_S
) -> AsyncIterator[str]:
    """Yield events after ``last_event_id`` (None: those to come) until the client goes away.

    An event's id is ``topic:partition:offset``. Where events between are gone, an event ``missed``
    says how many; ``-1`` where the id itself is not known any more.
    """
    position: int | None = ring.end if last_event_id is None else ring.after(last_event_id)
    if position is None:
        yield _framed("missed", {"count": -1})
        position = ring.end
    awake = asyncio.Event()
    loop = asyncio.get_running_loop()
    with ring.listening(lambda: _wake(loop, awake)):
        yield ": open\n\n"
        while True:
            awake.clear()
            events, missed = ring.since(position)
            position += missed + len(events)
            for text in _frames(events, missed):
                yield text
            if not events and not await _woken(awake, keep_alive_s):
                yield ": keep-alive\n\n"


def _wake(loop: asyncio.AbstractEventLoop, awake: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the server has stopped: its loop is closed, nobody sleeps there
        loop.call_soon_threadsafe(awake.set)


async def _woken(awake: asyncio.Event, within_s: float) -> bool:
    try:
        await asyncio.wait_for(awake.wait(), within_s)
    except TimeoutError:
        return False
    return True


def _frames(events: Sequence[Event], missed: int) -> list[str]:
    frames = [_framed("missed", {"count": missed})] if missed else []
    for event in events:
        kind, value = event_view(event.message)
        frames.append(f"id: {event.place}\n" + _framed(kind, value))
    return frames


def _framed(kind: str, value: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(value, separators=(',', ':'))}\n\n"
