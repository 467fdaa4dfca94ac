import numpy as np
import pytest

from alphaline.errors import DatasetError
from alphaline.market.sessions import DAY_NS
from alphaline.validation.decisions import require_decisions, require_trainable
from alphaline.validation.walk_forward import WalkForward, walk_forward

DAYS = np.arange(6, dtype=np.int64) * DAY_NS
ENTRY = np.arange(6, dtype=np.int64) * 100
DECISIONS = {
    "sessions": DAYS,
    "decision_session": DAYS,
    "t_entry": ENTRY,
    "t_touch": ENTRY + 50,
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t_entry": DAYS[1:]}, "saw 6, 5 and 6"),
        ({"sessions": DAYS[::-1]}, "strictly increasing"),
        ({"sessions": np.repeat(DAYS, 2)}, "strictly increasing"),
        ({"sessions": DAYS[1:]}, r"known sessions, saw \[0\]"),
        ({"t_touch": ENTRY}, "saw decision 0 from 0 to 0"),
    ],
)
def test_decisions_that_cannot_be_split_are_refused(changes, message):
    with pytest.raises(DatasetError, match=f"asker: .*{message}"):
        require_decisions("asker", **(DECISIONS | changes))


def folds():
    scheme = WalkForward(window="expanding", first=3, test=1, step=1, embargo=0)
    return walk_forward(scheme, **DECISIONS)


def test_folds_of_enough_decisions_of_both_classes_are_trainable():
    require_trainable("asker", folds(), np.array([0, 1, 0, 1, 0, 1], dtype=np.int8), least=3)


@pytest.mark.parametrize(
    ("y", "least", "message"),
    [
        (
            [0, 1, 0, 1, 0, 1],
            4,
            "asker: fold 1 of 3, which tests from 1970-01-04 on: expected 4 .* saw 3 with 1 of class 1.*lengthen",
        ),
        ([0, 1, 0, 1, 0, 1], 200, "expected 200"),
        ([0, 0, 0, 1, 1, 1], 3, "saw 3 with 0 of class 1"),
        ([1, 1, 1, 0, 0, 0], 3, "saw 3 with 3 of class 1"),
    ],
)
def test_a_fold_too_short_to_train_is_refused_with_its_numbers(y, least, message):
    with pytest.raises(DatasetError, match=message):
        require_trainable("asker", folds(), np.array(y, dtype=np.int8), least)


def test_a_fold_that_the_purge_emptied_is_refused():
    scheme = WalkForward(window="expanding", first=3, test=1, step=1, embargo=0, purge_ns=10_000)
    with pytest.raises(DatasetError, match="saw 0 with 0 of class 1 after purge"):
        require_trainable("asker", walk_forward(scheme, **DECISIONS), np.ones(6, dtype=np.int8), 1)
