from pathlib import Path

import pytest
import yaml

from alphaline.errors import DatasetError
from alphaline.market.datasets import parse_declaration

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
DECLARATIONS = sorted(path for path in SAMPLE.glob("*.yaml") if path.stem != "instruments")


def changed(**changes: object) -> bytes:
    raw = yaml.safe_load((SAMPLE / "vix_daily.yaml").read_bytes())
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = raw
        for parent in parents:
            target = target[parent]
        if value is None:
            del target[last]
        else:
            target[last] = value
    return yaml.safe_dump(raw).encode()


@pytest.mark.parametrize("path", DECLARATIONS, ids=lambda path: path.stem)
def test_every_sample_dataset_is_declared(path: Path) -> None:
    declaration = parse_declaration(path.read_bytes(), path.name)
    assert declaration.name == path.stem
    assert (SAMPLE / declaration.file).exists()


def test_no_sample_file_is_without_a_declaration() -> None:
    files = {path.stem for path in SAMPLE.glob("*.parquet")}
    assert files == {path.stem for path in DECLARATIONS}
    assert len(files) == 7


@pytest.mark.parametrize(
    "changes",
    [
        {"knowledge_time": None},
        {"knowledge_time": "close_ts"},
        {"knowledge_time__rule": "close_ts"},
        {"knowledge_time__rule": None},
    ],
)
def test_a_dataset_without_a_knowledge_time_rule_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(DatasetError, match="does not declare when its rows were known"):
        parse_declaration(changed(**changes), "vix_daily.yaml")


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_knowledge_time_rule_without_a_reason_is_refused(reason: str | None) -> None:
    with pytest.raises(DatasetError, match="states no reason"):
        parse_declaration(changed(knowledge_time__reason=reason), "vix_daily.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"licens": "x"}, r"vix_daily.yaml: unknown key 'licens'; allowed here are .*licence"),
        ({"source__adress": "x"}, r"unknown key 'source.adress'; allowed here are address, name"),
        (
            {"knowledge_time__minute": 3},
            r"'knowledge_time.minute'; allowed .*minutes, reason, rule",
        ),
        ({"missing__max_age": 3}, r"'missing.max_age'; allowed .*max_age_sessions"),
        ({"licence": None}, "missing required field `licence`"),
        ({"kind": "tick"}, "Invalid enum value 'tick'"),
        ({"knowledge_time__minutes": -1}, "cannot be known before it happened"),
        ({"missing__max_age_sessions": 0}, "expected missing.max_age_sessions of 1 or more"),
        ({"series": []}, "observations declare at least one series"),
        (
            {"series": [{"id": "VIX", "column": "last", "unit": "index points"}]},
            "reads column 'last', expected one of ts_event, open",
        ),
        (
            {"knowledge_time": {"rule": "next_session_at", "new_york": "8:00", "reason": "x"}},
            "expected a New York wall time as HH:MM",
        ),
        (
            {
                "knowledge_time": {
                    "rule": "period_end_plus",
                    "period": "quarter",
                    "days": 0,
                    "new_york": "08:30",
                    "reason": "x",
                }
            },
            "what a period says is not known before it has ended",
        ),
        (
            {
                "series": [
                    {
                        "id": "VIX",
                        "column": "close",
                        "unit": "u",
                        "knowledge_time": {"rule": "never"},
                    }
                ]
            },
            "series 'VIX' is refused, because it does not declare when its rows were known",
        ),
        (
            {
                "known_spans": [
                    {
                        "instrument": "i",
                        "kind": "split",
                        "first": "2011-01-03",
                        "last": "2011-12-30",
                    }
                ]
            },
            "kind 'observations' with 1 known_spans; corporate_events declare",
        ),
        (
            {
                "repairs": [
                    {"instrument": "i", "session": "2011-01-03", "action": "drop", "reason": "x"}
                ]
            },
            "kind 'observations' with repairs, which only daily_bars can have",
        ),
    ],
)
def test_a_declaration_that_is_not_understood_is_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        parse_declaration(changed(**changes), "vix_daily.yaml")


@pytest.mark.parametrize(
    ("dataset", "rule", "expected"),
    [
        ("vix_daily", {"rule": "session_start"}, "session_close_plus, next_session_at, period"),
        ("vix_daily", {"rule": "ex_date_open"}, "session_close_plus, next_session_at, period"),
        ("equity_daily_wiki", {"rule": "session_start"}, "session_close_plus, next_session_at"),
        ("equity_daily_wiki", {"rule": "bar_end", "minutes": 1}, "session_close_plus"),
        ("spy_minute_2011", {"rule": "session_start"}, "expected a knowledge_time of bar_end, saw"),
        ("corporate_events", {"rule": "session_start"}, "session_close_plus, next_session_at"),
    ],
)
def test_a_rule_by_which_a_row_is_known_before_its_event_is_refused(
    dataset: str, rule: dict[str, object], expected: str
) -> None:
    raw = yaml.safe_load((SAMPLE / f"{dataset}.yaml").read_bytes())
    raw["knowledge_time"] = {**rule, "reason": "x"}
    with pytest.raises(DatasetError, match=f"{expected}.*before what it describes has happened"):
        parse_declaration(yaml.safe_dump(raw).encode(), dataset)


def test_a_series_by_whose_rule_it_is_known_before_its_event_is_refused() -> None:
    series = {"id": "VIX", "column": "close", "unit": "index points"}
    series |= {"knowledge_time": {"rule": "session_start", "reason": "x"}}  # type: ignore[dict-item]
    with pytest.raises(DatasetError, match="saw 'session_start', by which a row could be known"):
        parse_declaration(changed(series=[series]), "vix_daily.yaml")


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    raw = yaml.safe_load((SAMPLE / "corporate_events.yaml").read_bytes())
    span = raw["known_spans"][0]
    span["first"], span["last"] = span["last"], span["first"]
    with pytest.raises(
        DatasetError, match=r"eq\.us\.aapl ends on 2000-03-01, before its first session"
    ):
        parse_declaration(yaml.safe_dump(raw).encode(), "events.yaml")


@pytest.mark.parametrize("text", [b"- a list", b"a: [", b""])
def test_text_that_is_no_mapping_is_refused(text: bytes) -> None:
    with pytest.raises(DatasetError, match=r"vix\.yaml"):
        parse_declaration(text, "vix.yaml")
