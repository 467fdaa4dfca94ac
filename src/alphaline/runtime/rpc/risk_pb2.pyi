from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExitTerms(_message.Message):
    __slots__ = ("stop_return", "target_return", "horizon_ns", "flat_at")
    STOP_RETURN_FIELD_NUMBER: _ClassVar[int]
    TARGET_RETURN_FIELD_NUMBER: _ClassVar[int]
    HORIZON_NS_FIELD_NUMBER: _ClassVar[int]
    FLAT_AT_FIELD_NUMBER: _ClassVar[int]
    stop_return: float
    target_return: float
    horizon_ns: int
    flat_at: int
    def __init__(self, stop_return: _Optional[float] = ..., target_return: _Optional[float] = ..., horizon_ns: _Optional[int] = ..., flat_at: _Optional[int] = ...) -> None: ...

class Proposal(_message.Message):
    __slots__ = ("decision_id", "portfolio_id", "strategy_id", "lane", "instrument", "ts_event", "feature_set", "line_time", "prior_line_time", "side", "quantity", "reference_price", "currency", "valid_until", "exit", "probability", "model_name", "model_version", "model_digest", "strategy_digest", "engine", "features_ts_known", "features_missing")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    PORTFOLIO_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_ID_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_FIELD_NUMBER: _ClassVar[int]
    FEATURE_SET_FIELD_NUMBER: _ClassVar[int]
    LINE_TIME_FIELD_NUMBER: _ClassVar[int]
    PRIOR_LINE_TIME_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_PRICE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    EXIT_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_DIGEST_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    FEATURES_TS_KNOWN_FIELD_NUMBER: _ClassVar[int]
    FEATURES_MISSING_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    portfolio_id: str
    strategy_id: str
    lane: str
    instrument: str
    ts_event: int
    feature_set: str
    line_time: int
    prior_line_time: int
    side: str
    quantity: int
    reference_price: float
    currency: str
    valid_until: int
    exit: ExitTerms
    probability: float
    model_name: str
    model_version: str
    model_digest: str
    strategy_digest: str
    engine: str
    features_ts_known: int
    features_missing: int
    def __init__(self, decision_id: _Optional[str] = ..., portfolio_id: _Optional[str] = ..., strategy_id: _Optional[str] = ..., lane: _Optional[str] = ..., instrument: _Optional[str] = ..., ts_event: _Optional[int] = ..., feature_set: _Optional[str] = ..., line_time: _Optional[int] = ..., prior_line_time: _Optional[int] = ..., side: _Optional[str] = ..., quantity: _Optional[int] = ..., reference_price: _Optional[float] = ..., currency: _Optional[str] = ..., valid_until: _Optional[int] = ..., exit: _Optional[_Union[ExitTerms, _Mapping]] = ..., probability: _Optional[float] = ..., model_name: _Optional[str] = ..., model_version: _Optional[str] = ..., model_digest: _Optional[str] = ..., strategy_digest: _Optional[str] = ..., engine: _Optional[str] = ..., features_ts_known: _Optional[int] = ..., features_missing: _Optional[int] = ...) -> None: ...

class Denial(_message.Message):
    __slots__ = ("code", "numbers")
    class NumbersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    code: str
    numbers: _containers.ScalarMap[str, str]
    def __init__(self, code: _Optional[str] = ..., numbers: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("decision_id", "approved", "denials", "limits_digest", "journal_seq")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    DENIALS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_SEQ_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    approved: bool
    denials: _containers.RepeatedCompositeFieldContainer[Denial]
    limits_digest: str
    journal_seq: int
    def __init__(self, decision_id: _Optional[str] = ..., approved: _Optional[bool] = ..., denials: _Optional[_Iterable[_Union[Denial, _Mapping]]] = ..., limits_digest: _Optional[str] = ..., journal_seq: _Optional[int] = ...) -> None: ...

class KillSwitchRequest(_message.Message):
    __slots__ = ("by", "reason")
    BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    by: str
    reason: str
    def __init__(self, by: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class KillSwitchState(_message.Message):
    __slots__ = ("engaged", "by", "reason", "journal_seq")
    ENGAGED_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_SEQ_FIELD_NUMBER: _ClassVar[int]
    engaged: bool
    by: str
    reason: str
    journal_seq: int
    def __init__(self, engaged: _Optional[bool] = ..., by: _Optional[str] = ..., reason: _Optional[str] = ..., journal_seq: _Optional[int] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RiskStatus(_message.Message):
    __slots__ = ("kill_switch", "limits_digest", "line_time", "journal_seq", "approved", "denied")
    KILL_SWITCH_FIELD_NUMBER: _ClassVar[int]
    LIMITS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    LINE_TIME_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_SEQ_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    DENIED_FIELD_NUMBER: _ClassVar[int]
    kill_switch: KillSwitchState
    limits_digest: str
    line_time: int
    journal_seq: int
    approved: int
    denied: int
    def __init__(self, kill_switch: _Optional[_Union[KillSwitchState, _Mapping]] = ..., limits_digest: _Optional[str] = ..., line_time: _Optional[int] = ..., journal_seq: _Optional[int] = ..., approved: _Optional[int] = ..., denied: _Optional[int] = ...) -> None: ...
