"""What the chart's notes promise to leave is what the check reads from them."""

from ci.cluster.leftovers import promised

NOTES = """Models are read from claim alphaline-model-store. Until one is delivered, none decides.

helm uninstall leaves these claims, which hold what is evidence, and no other object:
  data-alphaline-kafka-0  Kafka's log
  data-alphaline-risk-management-0  the journal
  alphaline-model-store  signed models
"""


def test_claims_are_read_from_the_list_alone() -> None:
    assert promised(NOTES) == [
        "alphaline-model-store",
        "data-alphaline-kafka-0",
        "data-alphaline-risk-management-0",
    ]
