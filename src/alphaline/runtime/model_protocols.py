"""The protocols that model servers are asked by, under the names that settings give them."""

from alphaline.runtime.open_inference import OpenInferencePredictor
from alphaline.runtime.seldon_protocol import SeldonPredictor

ServedPredictor = type[OpenInferencePredictor] | type[SeldonPredictor]

PROTOCOLS: dict[str, ServedPredictor] = {
    "open_inference": OpenInferencePredictor,
    "seldon": SeldonPredictor,
}
