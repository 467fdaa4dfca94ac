"""What the rules know of a proposal: integers only, so that compiled code answers as exactly."""

import math
from typing import NamedTuple

from alphaline.market.instruments import Instrument
from alphaline.market.sessions import SessionTable
from alphaline.messages import Proposal
from alphaline.trading.money import LARGEST, value_minor_up
from alphaline.trading.risk.state import NO_MARK, RiskState


class Facts(NamedTuple):
    """The numbers of one proposal at the moment of its judgement; all int64.

    Parameters
    ----------
    quantity, notional_minor
        Units, and their value at the reference price, rounded up; ``LARGEST`` where there is none.
    position_quantity
        Units on the proposal's side once it is filled: held, working and approved ones included.
    gross_exposure_minor
        Value of the portfolio's lane once it is filled, at the last marks.
    features_age_ns, mark_age_ns
        Ages at the proposal's line time; ``mark_age_ns`` is -1 where there is no mark.
    positions_lag_ns
        How far the state stands behind the line time that the proposal needs.
    is_known, is_regular, is_killed, is_champion, is_proven
        Claims as 0 or 1.
    """

    quantity: int
    notional_minor: int
    position_quantity: int
    gross_exposure_minor: int
    features_age_ns: int
    mark_age_ns: int
    positions_lag_ns: int
    is_known: int
    is_regular: int
    is_killed: int
    is_champion: int
    is_proven: int


def facts_of(
    proposal: Proposal, state: RiskState, instrument: Instrument | None, sessions: SessionTable
) -> Facts:
    """Return the facts of ``proposal`` against ``state``; ``instrument`` is None where unknown."""
    notional = _notional(proposal, instrument)
    mark = state.mark_ts(proposal.instrument)
    return Facts(
        quantity=_capped(proposal.quantity),
        notional_minor=notional,
        position_quantity=_capped(state.committed(proposal) + proposal.quantity),
        gross_exposure_minor=_capped(
            state.gross_minor(proposal.portfolio_id, proposal.lane) + notional
        ),
        features_age_ns=_capped(proposal.line_time - proposal.features_ts_known),
        mark_age_ns=-1 if mark == NO_MARK else _capped(max(proposal.line_time - mark, 0)),
        positions_lag_ns=_capped(proposal.prior_line_time - state.line_time),
        is_known=int(instrument is not None and instrument.currency == proposal.currency),
        is_regular=int(sessions.is_regular(proposal.line_time)),
        is_killed=int(state.kill_switch.is_engaged),
        is_champion=int(proposal.lane == "champion"),
        is_proven=int(state.is_proven(proposal)),
    )


def _notional(proposal: Proposal, instrument: Instrument | None) -> int:
    price = proposal.reference_price
    if instrument is None or not (math.isfinite(price) and price > 0.0):
        return LARGEST
    return _capped(value_minor_up(price, proposal.quantity, instrument))


def _capped(number: int) -> int:
    return max(-LARGEST, min(number, LARGEST))
