from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.market.instruments import InstrumentMaster, parse_instruments

TEXT = (Path(__file__).parents[3] / "data" / "sample" / "instruments.yaml").read_bytes()
MASTER = parse_instruments(TEXT, "instruments.yaml")
SPY = MASTER.require("eq.us.spy")
CENT = Decimal("0.01")

prices = st.decimals(min_value="0.01", max_value="9000000", places=6)


def changed(**changes: object) -> bytes:
    raw = yaml.safe_load(TEXT)
    raw["instruments"][0].update(changes)
    return yaml.safe_dump(raw).encode()


def test_the_sample_master_names_venue_tick_and_validity() -> None:
    assert MASTER.ids == ("eq.us.spy", "eq.us.aapl", "eq.us.ibm")
    assert [MASTER.require(id_).primary_venue for id_ in MASTER.ids] == ["ARCX", "XNAS", "XNYS"]
    assert SPY.tick == 0.01
    assert SPY.valid_from == date(1993, 1, 29)


def test_an_unknown_instrument_is_none_or_an_error_that_lists_the_known() -> None:
    assert MASTER.get("eq.us.msft") is None
    with pytest.raises(DatasetError, match=r"unknown instrument 'eq\.us\.msft'.*eq\.us\.spy"):
        MASTER.require("eq.us.msft")


def test_clones_differ_in_their_id_alone() -> None:
    ids = [f"eq.us.spy.c{number:03d}" for number in range(500)]
    master = MASTER.with_clones("eq.us.spy", ids)
    assert master.ids == (*MASTER.ids, *ids)
    clone = master.require("eq.us.spy.c499")
    assert msgspec.structs.replace(clone, id="eq.us.spy") == SPY
    with pytest.raises(DatasetError, match="stands there twice"):
        master.with_clones("eq.us.spy", ids[:1])


@given(prices)
def test_rounding_against_the_trader_is_the_exact_decimal_one(price: Decimal) -> None:
    up, down = (price.quantize(CENT, mode) for mode in (ROUND_CEILING, ROUND_FLOOR))
    assert SPY.round_against("buy", float(price)) == float(up)
    assert SPY.round_against("sell", float(price)) == float(down)


@given(st.integers(1, 4 * 10**8))
def test_a_price_on_the_tick_stays(ticks: int) -> None:
    price = float(ticks * CENT)
    assert SPY.round_against("buy", price) == price == SPY.round_against("sell", price)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(tik_nanos=1), r"instruments\[0\] has the unknown key 'tik_nanos'; allowed are asset_class"),
        (changed(tick_nanos=0), "expected tick_nanos of 1 or more, saw 0"),
        (changed(lot=0), "expected lot of 1 or more"),
        (changed(asset_class="warrant"), "Invalid enum value 'warrant'"),
        (changed(asset_class="option"), "options carry their OCC symbol"),
        (changed(occ_id="SPY 110319C00130000"), "nothing else does"),
        (changed(id="eq.us.ibm"), "stands there twice"),
        (changed(currency=None), "Expected `str`, got `null`"),
        (b"instruments: 3", "expected a list under 'instruments'"),
        (b"things: []", "expected a mapping with the one key 'instruments'"),
        (b"instruments: [", "expected YAML"),
    ],
)  # fmt: skip
def test_a_master_that_is_not_understood_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        parse_instruments(text, "instruments.yaml")


def test_an_option_carries_its_occ_id() -> None:
    option = msgspec.structs.replace(
        SPY, id="op.us.spy.x", asset_class="option", occ_id="SPY   110319C00130000", multiplier=100
    )
    assert InstrumentMaster([option]).require("op.us.spy.x").multiplier == 100
