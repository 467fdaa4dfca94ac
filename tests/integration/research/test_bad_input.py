"""Bad input, from the files to a study: each is refused with what, where and what to do about it."""

from datetime import date
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from alphaline.errors import AlphalineError, ContractError, DatasetError, StrategyFileError
from alphaline.features.columns import Column
from alphaline.features.feature_set import FeatureSet
from alphaline.market.sessions import session_label
from alphaline.research.daily import daily_features, prepare_daily
from alphaline.research.data import load
from alphaline.trading.strategy import read_strategy
from tests.integration.research.broken_folder import (
    BARS,
    CURVE,
    DAY,
    EVENTS,
    IBM,
    LAST,
    PRICES,
    SESSIONS,
    VIX,
    Break,
    as_csv,
    as_times,
    at,
    cut_short,
    declared,
    repeated,
    rewritten,
    strategy_text,
    study,
    swapped,
    with_bar,
    with_column,
    write_sound,
)

BAR_FILE, ROW = f"{BARS}.parquet", "row 234"
SINCE = pl.col("ts_event") >= session_label(DAY)
HALVED = [pl.when(SINCE).then(0.55 * pl.col(name)).otherwise(name).alias(name) for name in PRICES]
BROKEN_BAR = ("expected finite numbers with 0 < low <= open, close <= high", "declare a repair")


class Bad(NamedTuple):
    """What is broken, and the words that its refusal must hold: seen, expected, where, remedy."""

    name: str
    broken: Break
    words: tuple[str, ...]


BAD_DATA = [
    Bad("unsorted time", rewritten(BARS, swapped), (BAR_FILE, IBM, "row 235", "2001-02-01 runs back behind 2001-02-02", "sort the rows")),
    Bad("duplicated time", rewritten(BARS, repeated), (BAR_FILE, IBM, "row 235", "2001-02-01 repeats", "keep one for each")),
    Bad("mixed time zones", as_csv("2001-02-01T00:00:00-05:00"), (f"{BARS}.csv", IBM, ROW, "expected a time in UTC", "saw 2001-02-01T00:00:00-05:00", "give midnight UTC")),
    Bad("one naive time", as_csv("2001-02-01T00:00:00"), (f"{BARS}.csv", IBM, ROW, "2001-02-01T00:00:00 carries no time zone", "give midnight UTC")),
    Bad("New York times", rewritten(BARS, as_times("America/New_York")), (BAR_FILE, "ts_event", "expected int64", "the time zone America/New_York", "write midnight UTC")),
    Bad("naive times", rewritten(BARS, as_times(None)), (BAR_FILE, "ts_event", "expected int64", "no time zone", "write midnight UTC")),
    Bad("a time off midnight", with_bar(ts_event=session_label(DAY) + 3_600 * 10**9), (BAR_FILE, IBM, ROW, "2001-02-01T01:00:00", "not midnight UTC", "give midnight UTC")),
    Bad("negative price", with_bar(low=-1.0), (BAR_FILE, IBM, ROW, "2001-02-01", "PRICE_NOT_POSITIVE", "'low': -1.0", *BROKEN_BAR)),
    Bad("price of nothing", with_bar(open=0.0), (BAR_FILE, IBM, ROW, "2001-02-01", "PRICE_NOT_POSITIVE", *BROKEN_BAR)),
    Bad("NaN price", with_bar(close=float("nan")), (BAR_FILE, IBM, ROW, "2001-02-01", "PRICE_NOT_FINITE", "'close': nan", *BROKEN_BAR)),
    Bad("null price", with_bar(close=None), (BAR_FILE, IBM, ROW, "2001-02-01", "PRICE_NOT_FINITE", *BROKEN_BAR)),
    Bad("infinite price", with_bar(high=float("inf")), (BAR_FILE, IBM, ROW, "2001-02-01", "PRICE_NOT_FINITE", *BROKEN_BAR)),
    Bad("high below low", with_bar(high=111.0), (BAR_FILE, IBM, ROW, "2001-02-01", "HIGH_BELOW_LOW", *BROKEN_BAR)),
    Bad("close above high", with_bar(close=114.4), (BAR_FILE, IBM, ROW, "2001-02-01", "OPEN_OR_CLOSE_OUTSIDE_RANGE", *BROKEN_BAR)),
    Bad("negative volume", with_bar(volume=-5), (BAR_FILE, IBM, ROW, "2001-02-01", "VOLUME_NEGATIVE", *BROKEN_BAR)),
    Bad("null volume", with_bar(volume=None), (BAR_FILE, IBM, "row 615", "2001-02-01", "expected a whole number, saw null", "correct the row")),
    Bad("zero volume", with_bar(volume=0), (BARS, IBM, ROW, "2001-02-01", "expected volume above 0", "saw 0", "declare a repair that drops it")),
    Bad("price as text", rewritten(BARS, lambda rows: rows.with_columns(pl.col("close").cast(pl.String))), (BAR_FILE, "column close", "expected float64", "string", "correct the file")),
    Bad("missing session", rewritten(BARS, lambda rows: rows.filter(~at(DAY, IBM))), (BAR_FILE, IBM, "saw none for 2001-02-01 between row 233 (2001-01-31) and row 234 (2001-02-02)", "declare each as absent")),
    Bad("a week-end", with_bar(ts_event=session_label(date(2001, 2, 3))), (BAR_FILE, IBM, "row 235", "runs back behind 2001-02-03", "sort the rows")),
    Bad("unexplained jump", rewritten(BARS, lambda rows: rows.with_columns(HALVED)), (BAR_FILE, "2001-02-01", ROW, "no corporate action explains it", "declare the split, or a real_move")),
    Bad("lost split", rewritten(EVENTS, lambda rows: rows.filter(pl.col("kind") != "split")), (BAR_FILE, "eq.us.aapl", "row 79", "2000-06-21", "moved to 0.549432", "declare the split")),
    Bad("unexplained real move", rewritten(EVENTS, lambda rows: rows.filter(pl.col("kind") != "real_move")), (BAR_FILE, "eq.us.aapl", "row 149", "2000-09-29", "real_move of 0.481308")),
    Bad("split on a Saturday", rewritten(EVENTS, lambda rows: rows.with_columns(ts_event=pl.col("ts_event") + 3 * 86_400 * 10**9)), ("corporate_events.parquet", "eq.us.aapl", "row 1", "split on 2000-06-24", "no session", "correct the ex-date")),
    Bad("split without a ratio", rewritten(EVENTS, lambda rows: rows.with_columns(value=pl.lit(None, pl.Float64))), ("corporate_events.parquet", "eq.us.aapl", "row 1", "split on 2000-06-21", "expected a value above 0, saw nan", "leave out")),
    Bad("a file without a needed column", rewritten(BARS, lambda rows: rows.drop("volume")), (BAR_FILE, "expected the columns", "missing volume", "the file has instrument", "correct it or its declaration")),
    Bad("a declared column that the file lacks", with_column(BARS, "vwap"), (BAR_FILE, "missing vwap", "correct it or its declaration")),
    Bad("a curve without a column", rewritten(CURVE, lambda rows: rows.drop("ust_10y")), ("treasury_curve.parquet", "missing ust_10y", "correct it")),
    Bad("a row without instrument", with_bar(instrument=None), (BAR_FILE, "expected an instrument in each row, saw none in row 615", "correct it")),
    Bad("an instrument that the data lack", rewritten(BARS, lambda rows: rows.filter(pl.col("instrument") != IBM)), ("daily_short_term_v1: universe", "expected instruments with daily bars (eq.us.aapl)", "saw 'eq.us.ibm'", "add its bars")),
    Bad("a repeated observation", rewritten(VIX, lambda rows: pl.concat([rows[:51], rows[50:]])), ("vix_daily.parquet", "row 52", "2000-03-15 repeats 2000-03-15", "keep one for each day")),
    Bad("observations out of order", rewritten(VIX, lambda rows: rows[::-1]), ("vix_daily.parquet", "row 2", "runs back behind 2001-08-31", "sort the rows")),
    Bad("an infinite observation", rewritten(VIX, lambda rows: rows.with_columns(close=pl.when(at(DAY)).then(float("inf")).otherwise("close"))), ("vix_daily.parquet, VIX", "row 274, 2001-02-01", "expected a finite value or null, saw inf", "leave it null")),
    Bad("an empty file", cut_short(BARS, 0.0), (BAR_FILE, "expected a whole Parquet file", "0 bytes", "fetch it again")),
    Bad("a truncated file", cut_short(BARS, 0.5), (BAR_FILE, "expected a whole Parquet file", "cannot be read", "fetch it again")),
    Bad("truncated observations", cut_short(VIX, 0.9), ("vix_daily.parquet", "expected a whole Parquet file", "fetch it again")),
    Bad("a truncated calendar", cut_short(SESSIONS, 0.9), ("xnys_sessions.parquet", "expected a whole Parquet file", "fetch it again")),
    Bad("a file without rows", rewritten(BARS, lambda rows: rows[:0]), (BAR_FILE, "expected an instrument in each row, saw no row")),
    Bad("a lost file", lambda folder: (folder / BAR_FILE).unlink(), (BAR_FILE, "no such file", "check the path")),
    Bad("an empty declaration", lambda folder: (folder / f"{BARS}.yaml").write_text(""), (f"{BARS}.yaml", "expected a mapping of keys, saw an empty file", "write the declaration")),
    Bad("no declared bars", lambda folder: (folder / f"{BARS}.yaml").unlink(), ("expected a dataset of kind daily_bars", "saw the datasets corporate_events", "add a file of bars")),
    Bad("one series in two datasets", lambda folder: declared("again", name="again")(_again(folder)), ("series VIX is declared in", "keep one, or rename it")),
    Bad("bars after the calendar", rewritten(SESSIONS, lambda rows: rows[:200]), (BAR_FILE, "eq.us.aapl", "row 161", "2000-10-17 is no session of the calendar (2000-01-03 to 2000-10-16)", "extend the calendar")),
    Bad("a calendar that ends with the bars", rewritten(SESSIONS, lambda rows: rows.filter(pl.col("session") <= session_label(LAST))), (BAR_FILE, "eq.us.aapl", "row 381", "2001-08-31", "extend the calendar")),
    Bad("a calendar out of order", rewritten(SESSIONS, lambda rows: rows[::-1]), ("xnys_sessions.parquet", "row 2", "session of 2001-09-19", "labels ascend", "rebuild the table")),
]  # fmt: skip

BAD_STRATEGIES = [
    ("participation:", "participaton:", ("unknown key 'execution.participaton'", "did you mean 'participation'", "allowed here")),
    ("embargo:", "embrago:", ("unknown key 'research.folds.embrago'", "did you mean 'embargo'")),
    ("{kind: logistic}", "{kind: oracle}", ("research.model", "expected a kind of logistic", "saw 'oracle'", "correct the name")),
    ("{kind: logistic}", "{kind: logistic, parameters: {c: 1}}", ("research.model", "expected parameters of C, saw 'c'", "correct the name")),
    ("- sharpe_ratio", "- sharp_ratio", ("research.measures", "unknown measure 'sharp_ratio'", "did you mean 'sharpe_ratio'", "expected names of alpha")),
    ("- sortino_ratio", "- sharpe_ratio", ("research.measures", "each measure once", "sharpe_ratio twice", "remove one")),
    ('"0.5"', '"0.0123456789"', ("execution.fee_per_unit_minor", "at most 9 decimals", "saw 0.0123456789", "round it up")),
    ('"0.5"', '"1e30"', ("execution.fee_per_unit_minor", "below a billion", "saw 1E+30")),
    ("slippage_bps: 2", "slippage_bps: two", ("execution.slippage_bps", "Expected `float`, got `str`, saw 'two'", "correct the value there")),
    ("max_missing_features: 1\n", "", ("expected a key 'max_missing_features', saw none", "add it")),
    ("[eq.us.aapl, eq.us.ibm]", "[]", ("universe", "length >= 1, saw []", "correct the value there")),
    ("first: 189", "first: 8", ("research.folds.first", "expected more than the 8 sessions", "saw 8", "raise first or shorten the horizon")),
    ("step: 63", "step: 62", ("research.folds.step", "expected test (63) or more, saw 62", "raise step")),
]  # fmt: skip

# Sound files, but not for these data.
UNFIT_STRATEGIES = [
    ("first: 189", "first: 70", ("eq.us.aapl, eq.us.ibm", "rolling folds: fold 1 of", "tests from 2000-06-09", "expected 200 training decisions or more, of both classes, saw 130", "lengthen the training span")),
    ("first: 189", "first: 700", ("eq.us.aapl, eq.us.ibm", "rolling folds", "expected 763 sessions or more", "saw 381", "give more data")),
    ("set: daily_baseline_v1", "set: daily_v9", ("daily_short_term_v1: features.set", "expected a feature set of", "saw 'daily_v9'", "correct the name")),
    ("set: daily_baseline_v1", "set: intraday_v1", ("features.set", "expected a set on bars of sessions", "saw 'intraday_v1' with base '1m'", "name a daily one")),
    ("sigma_column: ewma_vol_60", "sigma_column: ewma_vol_61", ("sizing.sigma_column", "expected a column of daily_baseline_v1", "saw 'ewma_vol_61'", "name the column")),
    ("eq.us.ibm]", "eq.us.msft]", ("universe", "expected instruments with daily bars (eq.us.aapl, eq.us.ibm)", "saw 'eq.us.msft'", "take it out of the universe")),
    ("currency: USD", "currency: EUR", ("currency: expected USD, in which eq.us.aapl trades, saw EUR", "state that currency")),
]  # fmt: skip


def _again(folder: Path) -> Path:
    (folder / "again.yaml").write_bytes((folder / f"{VIX}.yaml").read_bytes())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    write_sound(made)
    return made


def require_words(raised: pytest.ExceptionInfo[AlphalineError], words: tuple[str, ...]) -> None:
    message = str(raised.value)
    missing = [word for word in words if word not in message]
    assert not missing, f"{missing} not in: {message}"


def test_the_sound_folder_comes_to_a_result(folder: Path, tmp_path: Path) -> None:
    result = study(folder, tmp_path / "trials", strategy_text())
    assert result.verdict.outcome == "INSUFFICIENT_EVIDENCE"
    assert all(one.round_trips > 0 for one in result.outcomes)


@pytest.mark.parametrize("bad", BAD_DATA, ids=lambda bad: bad.name)
def test_bad_data_are_refused_and_counted_as_no_trial(
    bad: Bad, folder: Path, tmp_path: Path
) -> None:
    bad.broken(folder)
    with pytest.raises(DatasetError) as raised:
        study(folder, tmp_path / "trials", strategy_text())
    require_words(raised, bad.words)
    assert not (tmp_path / "trials").exists()


@pytest.mark.parametrize(
    ("sound", "wrong", "words"), BAD_STRATEGIES, ids=lambda value: str(value)[:40]
)
def test_a_wrong_strategy_file_is_refused(sound: str, wrong: str, words: tuple[str, ...]) -> None:
    assert strategy_text().count(sound) == 1
    with pytest.raises(StrategyFileError) as raised:
        read_strategy(strategy_text().replace(sound, wrong).encode(), "daily.yaml")
    require_words(raised, ("daily.yaml: ", *words))


@pytest.mark.parametrize("payload", ["", "# nothing but a remark\n"])
def test_an_empty_strategy_file_is_refused(payload: str) -> None:
    with pytest.raises(StrategyFileError) as raised:
        read_strategy(payload.encode(), "daily.yaml")
    require_words(raised, ("daily.yaml: ", "saw an empty file", "contracts/schemas"))


@pytest.mark.parametrize(
    ("sound", "wrong", "words"), UNFIT_STRATEGIES, ids=lambda value: str(value)[:40]
)
def test_a_strategy_that_these_data_do_not_suffice_for_is_refused(
    sound: str, wrong: str, words: tuple[str, ...], folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ContractError) as raised:
        study(folder, tmp_path / "trials", strategy_text().replace(sound, wrong))
    require_words(raised, words)
    assert not any((tmp_path / "trials" / "returns").glob("*"))


RETURN = Column("log_return_1", "log_return", "session", 1, ("close",))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ((RETURN, RETURN), ("'made_v1'", "distinct names", "['log_return_1'] more than once", "rename")),
        ((), ("'made_v1'", "distinct names", "saw 0 columns")),
    ],
)  # fmt: skip
def test_a_feature_set_with_a_column_twice_is_refused(
    columns: tuple[Column, ...], words: tuple[str, ...]
) -> None:
    with pytest.raises(ContractError) as raised:
        FeatureSet("made_v1", columns, date(2000, 3, 1), base="session")
    require_words(raised, words)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("log_return_1", "volatility"), ("expected columns of daily_baseline_v1", "saw volatility", "correct the names")),
        (("log_return_1", "log_return_1"), ("each once", "saw log_return_1 twice")),
        ((), ("expected columns", "saw none")),
    ],
)  # fmt: skip
def test_columns_that_a_study_cannot_take_are_refused(
    names: tuple[str, ...], words: tuple[str, ...], folder: Path
) -> None:
    prepared = prepare_daily(read_strategy(strategy_text().encode()), load(folder))
    with pytest.raises(DatasetError) as raised:
        prepared.with_columns(names)
    require_words(raised, words)


def test_a_column_of_an_undeclared_series_is_refused(folder: Path) -> None:
    gdp = Column("gdp", "last_known", "none", 0, ("GDP",))
    asked = FeatureSet("made_v1", (RETURN, gdp), date(2000, 3, 1), base="session")
    with pytest.raises(DatasetError) as raised:
        daily_features(load(folder), asked, (IBM,))
    require_words(raised, ("expected observed series of", "VIX", "saw GDP", "declare the series"))
