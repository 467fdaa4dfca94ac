"""The judgement of one proposal: every rule is asked, every reason is told."""

from alphaline.market.instruments import Instrument
from alphaline.market.sessions import SessionTable
from alphaline.messages import Denial, Proposal
from alphaline.trading.risk.facts import facts_of
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.risk.rules import RULES, evaluate
from alphaline.trading.risk.state import RiskState

DUPLICATE_ID_CONFLICT = "DUPLICATE_ID_CONFLICT"


def judge(
    proposal: Proposal,
    state: RiskState,
    profile: RiskProfile,
    instrument: Instrument | None,
    sessions: SessionTable,
) -> tuple[Denial, ...]:
    """Return why ``proposal`` is refused; empty: approved, and the caller reserves it in ``state``.

    Parameters
    ----------
    state
        Everything up to the clock record before the proposal, and the approvals before it.
    profile
        The limits; money limits in another currency than the proposal's count as unset.
    instrument
        Entry of the instrument master, None where there is none.
    """
    limits = in_currency(profile, proposal.currency).compiled()
    facts = facts_of(proposal, state, instrument, sessions)
    answers = zip(RULES, evaluate(limits, facts), strict=True)
    denials = (rule.denial(answer, limits, facts) for rule, answer in answers)
    return tuple(denial for denial in denials if denial is not None)


def in_currency(profile: RiskProfile, currency: str) -> RiskProfile:
    """Return ``profile`` for orders in ``currency``: money limits in another one count as unset."""
    if profile.currency == currency:
        return profile
    return RiskProfile(
        risk_profile=profile.risk_profile,
        currency=currency,
        order_quantity=profile.order_quantity,
        position_quantity=profile.position_quantity,
        features_max_age_ms=profile.features_max_age_ms,
        mark_max_age_ms=profile.mark_max_age_ms,
    )
