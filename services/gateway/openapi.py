"""The interface's description, as it is checked in under contracts/openapi/."""

import json
from pathlib import Path

from alphaline.runtime.telemetry import Telemetry
from services.gateway.adapters.risk_status import GrpcRiskView
from services.gateway.adapters.stored_ledger import StoredLedger
from services.gateway.read_model import ReadModel
from services.gateway.settings import Settings
from services.gateway.topics import followed
from services.gateway.transport.http import create_app


def document() -> str:
    """Return the OpenAPI document as JSON text; the same code gives the same text."""
    count = Settings.model_fields["partition_count"].get_default()
    model = ReadModel(followed(count), 1, 1)
    # Nothing is asked of the adapters: a description needs no ledger and no risk service.
    app = create_app(
        model, StoredLedger(Path("ledger.sqlite")), GrpcRiskView(""), Telemetry("gateway")
    )
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - the document is the output
