"""Faults of Alphaline; a refusal is a value (see ``alphaline.trading.risk``), never one of these.

AlphalineError
├── ContractError           bytes or files that do not say what their contract demands
│   ├── MessageError        a message on a topic
│   ├── DatasetError        a dataset, its declaration or a row of it
│   └── StrategyFileError   a strategy or limits file
├── LineError               the line cannot go on as it is
│   ├── ClockError             clock records that contradict each other
│   ├── BrokerError            no broker, or one that does not answer
│   ├── KubeflowError          a Kubeflow that does not answer, refuses, or whose run failed
│   └── StoreUnavailableError  a store's server that does not answer, or does not take writes
├── ModelError              a model that is not what its manifest says
│   ├── ParityError         an ONNX file that does not equal its booster
│   └── SignatureError      a signature that is missing, foreign or does not verify
├── InferenceError          a model that was asked and gave no usable answer
│   ├── ModelUnavailableError    nobody answers, or the model is not ready
│   ├── ModelTimeoutError        no answer within the deadline
│   └── ModelAnswerInvalidError  an answer that is not a probability per row of the expected model
└── LedgerError             a ledger that does not balance, or an id with two contents
"""


class AlphalineError(Exception):
    """The root of every fault that Alphaline raises."""


class ContractError(AlphalineError):
    """Bytes or files that do not say what their contract demands."""


class MessageError(ContractError):
    """A message that does not decode into its contract; ``reason`` is a stable code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class DatasetError(ContractError):
    """A dataset without a complete declaration, or a row that breaks it."""


class StrategyFileError(ContractError):
    """A strategy or limits file that does not match its schema."""


class LineError(AlphalineError):
    """The line cannot go on as it is."""


class ClockError(LineError):
    """Clock records that contradict each other."""


class BrokerError(LineError):
    """No broker could be started or reached."""


class KubeflowError(LineError):
    """A Kubeflow that does not answer, does not take what it is given, or whose run did not succeed."""


class StoreUnavailableError(LineError):
    """A store's server that does not answer, or does not take writes; asking again may help."""


class ModelError(AlphalineError):
    """A model that is not what its manifest says."""


class ParityError(ModelError):
    """An ONNX file whose outputs differ from the booster it was made from."""


class SignatureError(ModelError):
    """A signature that is missing, made with a foreign key, or does not verify."""


class InferenceError(AlphalineError):
    """A model that was asked and gave no usable answer; ``code`` is the stable denial code."""

    code = "MODEL_UNAVAILABLE"


class ModelUnavailableError(InferenceError):
    """Nobody answers at the model's address, or the model is not ready."""

    code = "MODEL_UNAVAILABLE"


class ModelTimeoutError(InferenceError):
    """No answer within the deadline."""

    code = "MODEL_TIMEOUT"


class ModelAnswerInvalidError(InferenceError):
    """An answer that is not one probability per row, or comes from another model."""

    code = "MODEL_ANSWER_INVALID"


class LedgerError(AlphalineError):
    """A ledger that does not balance, or an id seen with two contents."""
