from pathlib import Path

import pytest

from alphaline.errors import ContractError, StrategyFileError
from alphaline.research.strategies import load_strategy, on_feature_set, strategy_names
from alphaline.runtime.places import checkout
from alphaline.trading.strategy import read_strategy

NAME = "daily_short_term_v1"


def test_every_strategy_of_the_checkout_is_found_by_its_name() -> None:
    assert NAME in strategy_names()
    assert [load_strategy(name).strategy_id for name in strategy_names()] == [*strategy_names()]


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    payload = (checkout() / "strategies" / f"{NAME}.yaml").read_bytes()
    own = tmp_path / "my_idea.yaml"
    own.write_bytes(payload)
    assert load_strategy(own) == load_strategy(str(own)) == read_strategy(payload)


@pytest.mark.parametrize("name", ["no_such_strategy", "strategies/no_such.yaml"])
def test_what_is_not_there_is_refused_with_the_known_names(name: str) -> None:
    with pytest.raises(StrategyFileError, match=f"{NAME}.*saw '{name}'"):
        load_strategy(name)


def test_a_variant_differs_by_its_feature_set_and_nothing_else() -> None:
    strategy = load_strategy(NAME)
    plain = on_feature_set(strategy, "daily_baseline_v1")
    assert plain.features.set == plain.features.service == "daily_baseline_v1"
    assert plain.digest != strategy.digest
    assert on_feature_set(plain, strategy.features.set) == strategy


def test_a_variant_on_an_unknown_set_is_refused() -> None:
    with pytest.raises(ContractError, match="saw 'daily_short_v99'"):
        on_feature_set(load_strategy(NAME), "daily_short_v99")
