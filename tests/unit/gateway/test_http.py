from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.ports import KillSwitch
from services.gateway.read_model import KnownSignal, LogPlace, Signals
from tests.unit.gateway.conftest import (
    T0,
    Gateway,
    approved,
    clock,
    denied,
    deployed,
    fill,
)

APPROVED, DENIED = "signals.approved.v1", "signals.denied.v1"


def test_signals_come_newest_first_whatever_their_order_of_arrival(gateway: Gateway) -> None:
    gateway.take(APPROVED, approved(2))
    gateway.take(DENIED, denied(3), denied(1))
    page = gateway.get("/v1/signals")
    assert [signal["decision_id"] for signal in page["signals"]] == ["d003", "d002", "d001"]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"outcome": "approved"}, ["d002"]),
        ({"outcome": "denied"}, ["d003", "d001"]),
        ({"instrument": "eq.us.ibm"}, ["d003"]),
        ({"instrument": "eq.us.ibm", "outcome": "approved"}, []),
    ],
)
def test_signals_are_filtered(gateway: Gateway, asked: dict[str, str], expected: list[str]) -> None:
    gateway.take(APPROVED, approved(2))
    gateway.take(DENIED, denied(1), denied(3, "eq.us.ibm"))
    assert [
        item["decision_id"] for item in gateway.get("/v1/signals", **asked)["signals"]
    ] == expected


def test_pages_show_every_signal_once_while_new_ones_arrive(gateway: Gateway) -> None:
    gateway.take(APPROVED, *(approved(number) for number in range(10)))
    seen, cursor = [], None
    while True:
        page = gateway.get("/v1/signals", limit=3, **({"before": cursor} if cursor else {}))
        seen += [signal["decision_id"] for signal in page["signals"]]
        gateway.take(APPROVED, approved(50 + len(seen)))
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"d{number:03d}" for number in range(9, -1, -1)]


def test_64_bit_integers_are_strings_and_exact(gateway: Gateway) -> None:
    gateway.take(DENIED, denied(1))
    (signal,) = gateway.get("/v1/signals")["signals"]
    assert signal["ts_event"] == str(T0 + 1)
    assert signal["quantity"] == "10"
    assert signal["denials"] == [
        {"code": "POSITION_LIMIT", "numbers": {"limit": str(T0), "ratio": 1.5}}
    ]
    detail = gateway.get("/v1/signals/d001")
    assert detail["proposal"]["exit"]["flat_at"] == str(T0 + 1000)


def test_a_signal_comes_with_its_place_orders_and_fills(gateway: Gateway) -> None:
    gateway.take(APPROVED, approved(1), partition=1)
    detail = gateway.get("/v1/signals/d001")
    assert detail["place"] == {"topic": APPROVED, "partition": 1, "offset": "0"}
    assert [order["state"] for order in detail["orders"]] == ["filled"]
    assert [trade["price"] for trade in detail["fills"]] == [130.26]


def test_an_unknown_signal_is_a_problem_that_names_the_way_on(gateway: Gateway) -> None:
    response = gateway.client.get("/v1/signals/nobody")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "alphaline explain" in response.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/signals?limit=0", 422),
        ("/v1/signals?outcome=maybe", 422),
        ("/v1/signals?before=yesterday", 400),
        ("/v1/equity?after=1.5", 422),
        ("/v1/nothing", 404),
    ],
)
def test_bad_requests_are_problems(gateway: Gateway, path: str, status: int) -> None:
    response = gateway.client.get(path)
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]


def test_nothing_can_be_written(gateway: Gateway) -> None:
    for path in ("/v1/signals", "/v1/positions", "/v1/orders"):
        assert gateway.client.post(path, json={}).status_code == 405


def test_positions_and_orders_are_those_of_the_ledger(gateway: Gateway) -> None:
    answer = gateway.get("/v1/positions")
    assert answer["line_time"] == str(T0 + 4)
    (position,) = answer["positions"]
    assert (position["quantity"], position["cost_minor"], position["fees_minor"]) == (
        "10",
        "130260",
        "5",
    )
    assert [order["order_id"] for order in gateway.get("/v1/orders")["orders"]] == ["d001.entry"]


def test_equity_is_paged_by_line_time(gateway: Gateway) -> None:
    first = gateway.get("/v1/equity", limit=2)
    assert [row["line_time"] for row in first["equity"]] == [str(T0 + 2), str(T0 + 3)]
    second = gateway.get("/v1/equity", limit=2, after=first["next"])
    assert [row["line_time"] for row in second["equity"]] == [str(T0 + 4)]
    assert second["next"] is None


def test_a_missing_ledger_is_a_503_and_signals_are_still_shown(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "none.sqlite")
    gateway.take(APPROVED, approved(1))
    response = gateway.client.get("/v1/positions")
    assert (response.status_code, response.json()["status"]) == (503, 503)
    assert "its writer has not started" in response.json()["detail"]
    assert len(gateway.get("/v1/signals")["signals"]) == 1
    assert gateway.get("/v1/status")["ledger_line_time"] is None


def test_status_shows_the_least_line_time_of_each_topic(gateway: Gateway) -> None:
    gateway.take(APPROVED, clock(T0 + 5))
    gateway.take(APPROVED, clock(T0 + 3), partition=1)
    gateway.take("market.observations.v1", clock(T0 + 7))
    status = gateway.get("/v1/status")
    assert status["line_times"][APPROVED] == str(T0 + 3)
    assert status["line_times"][DENIED] == "0"
    assert "models.deployed.v1" not in status["line_times"]
    assert status["last_clock"]["ts"] == str(T0 + 7)


def test_status_shows_the_model_in_force_with_its_verdict(gateway: Gateway) -> None:
    gateway.take("models.deployed.v1", deployed(T0, "1"), deployed(T0 + 9, "2"), deployed(T0, "1"))
    (model,) = gateway.get("/v1/status")["deployed"]
    assert (model["model_version"], model["verdict"]) == ("2", "INSUFFICIENT_EVIDENCE")


def test_status_counts_the_signals_that_are_kept_by_outcome(gateway: Gateway) -> None:
    assert counted(gateway) == (0, 0, 0, None)
    gateway.take(APPROVED, approved(2))
    gateway.take(DENIED, denied(3), denied(1), denied(3))
    assert counted(gateway) == (3, 1, 2, str(T0 + 3))


def counted(gateway: Gateway) -> tuple[int, int, int, str | None]:
    """Return what status says of signals: kept, approved, denied, line time of the last."""
    status = gateway.get("/v1/status")
    counts = (status[f"signals_{name}"] for name in ("kept", "approved", "denied"))
    return (*counts, status["last_signal_line_time"])


def test_status_says_when_risk_is_silent_and_what_it_says_otherwise(gateway: Gateway) -> None:
    assert gateway.get("/v1/status")["kill_switch"] is None
    gateway.risk.answer = KillSwitch(True, "ada", "drill")
    assert gateway.get("/v1/status")["kill_switch"] == {
        "engaged": True,
        "by": "ada",
        "reason": "drill",
    }


def test_readiness_is_that_of_the_follower(gateway: Gateway) -> None:
    assert gateway.client.get("/ready").status_code == 503
    gateway.telemetry.ready_when(lambda: True)
    assert gateway.client.get("/ready").status_code == 200
    assert gateway.client.get("/live").text == "alive\n"


def test_requests_are_counted_by_route_and_not_by_id(gateway: Gateway) -> None:
    gateway.take(APPROVED, approved(1))
    gateway.get("/v1/signals/d001")
    text = gateway.client.get("/metrics").text
    assert (
        'gateway_requests_total{route="/v1/signals/{decision_id}",service="gateway",status="200"} 1.0'
        in text
    )
    assert "d001" not in text


def test_a_repeated_signal_is_shown_and_streamed_once(gateway: Gateway) -> None:
    gateway.take(APPROVED, approved(1), approved(1))
    gateway.take("trading.fills.v1", fill(1))
    assert len(gateway.get("/v1/signals")["signals"]) == 1
    assert len(gateway.model.events.since(0)[0]) == 2


@given(st.lists(st.integers(0, 60), max_size=80), st.integers(1, 20), st.integers(1, 7))
def test_the_newest_distinct_signals_are_kept_and_paging_loses_none(
    numbers: list[int], capacity: int, limit: int
) -> None:
    signals = Signals(capacity)
    kept: list[int] = []
    for offset, number in enumerate(numbers):
        signal = denied(number) if number % 3 == 0 else approved(number)
        is_new = signals.add(KnownSignal(LogPlace("t", 0, offset), signal))
        assert is_new == (number not in kept)
        kept = sorted({*kept, number})[-capacity:]
    refused = sum(number % 3 == 0 for number in kept)
    last = T0 + kept[-1] if kept else None
    assert signals.kept() == (len(kept) - refused, refused, last)
    found, cursor = [], None
    while True:
        page, cursor = signals.page(limit, cursor, lambda _: True)
        found += [known.signal.decision_id for known in page]
        if cursor is None:
            break
    assert found == [f"d{number:03d}" for number in reversed(kept)]
