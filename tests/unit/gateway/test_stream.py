import asyncio
import json
from collections.abc import AsyncIterator

from services.gateway.read_model import Event, EventRing, LogPlace
from services.gateway.transport.stream import server_sent_events
from tests.unit.gateway.conftest import T0, approved, denied, fill, order


def ring_of(count: int, capacity: int = 100) -> EventRing:
    ring = EventRing(capacity)
    for number in range(count):
        ring.append(Event(LogPlace("signals.approved.v1", 0, number), approved(number)))
    return ring


async def frames(stream: AsyncIterator[str], count: int) -> list[str]:
    """Return the first frames of a stream, comments left out."""
    found: list[str] = []
    async for frame in stream:
        if not frame.startswith(":"):
            found.append(frame)
        if len(found) == count:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    return found


def names(found: list[str]) -> list[str]:
    return [frame.split("event: ")[1].split("\n")[0] for frame in found]


def test_a_new_client_hears_what_comes_and_not_what_was() -> None:
    async def scenario() -> list[str]:
        ring = ring_of(3)
        stream = server_sent_events(ring, None)
        assert await anext(stream) == ": open\n\n"
        ring.append(Event(LogPlace("signals.denied.v1", 1, 7), denied(9)))
        return await frames(stream, 1)

    (frame,) = asyncio.run(scenario())
    assert frame.startswith("id: signals.denied.v1:1:7\nevent: signal\ndata: ")
    assert json.loads(frame.split("data: ")[1])["ts_event"] == str(T0 + 9)


def test_a_sleeping_client_is_woken_by_another_thread() -> None:
    async def scenario() -> list[str]:
        ring = ring_of(0)
        stream = server_sent_events(ring, None)
        await anext(stream)
        waiting = asyncio.create_task(frames(stream, 1))
        await asyncio.sleep(0)
        await asyncio.to_thread(ring.append, Event(LogPlace("trading.fills.v1", 0, 0), fill(1)))
        return await asyncio.wait_for(waiting, 10)

    assert names(asyncio.run(scenario())) == ["fill"]


def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    ring = ring_of(5)
    ring.append(Event(LogPlace("trading.orders.v1", 0, 0), order(fill(1))))
    found = asyncio.run(frames(server_sent_events(ring, "signals.approved.v1:0:2"), 3))
    assert names(found) == ["signal", "signal", "order"]
    assert found[0].startswith("id: signals.approved.v1:0:3\n")


def test_a_client_that_is_too_far_behind_is_told_so() -> None:
    async def scenario() -> list[str]:
        ring = ring_of(1, capacity=2)
        stream = server_sent_events(ring, "signals.approved.v1:0:0")
        await anext(stream)
        for number in range(1, 6):
            ring.append(Event(LogPlace("signals.approved.v1", 0, number), approved(number)))
        return await frames(stream, 3)

    found = asyncio.run(scenario())
    assert names(found) == ["missed", "signal", "signal"]
    assert json.loads(found[0].split("data: ")[1]) == {"count": 3}


def test_an_unknown_last_event_is_said_and_the_stream_goes_on() -> None:
    found = asyncio.run(frames(server_sent_events(ring_of(2), "signals.approved.v1:0:99"), 1))
    assert names(found) == ["missed"]


def test_silence_is_kept_alive_and_the_listener_leaves_with_the_client() -> None:
    async def scenario() -> EventRing:
        ring = ring_of(0)
        stream = server_sent_events(ring, None, keep_alive_s=0.001)
        await anext(stream)
        assert await asyncio.wait_for(anext(stream), 10) == ": keep-alive\n\n"
        await stream.aclose()  # type: ignore[attr-defined]
        return ring

    assert asyncio.run(scenario())._listeners == []
