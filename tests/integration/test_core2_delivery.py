"""A delivery to Seldon Core 2 that does not come about says why; one that does is in test_core2_models."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphaline.errors import ModelError, ModelUnavailableError
from alphaline.runtime.ports import free_port
from ci.core2 import model_of
from ci.model_server import Core2, ServerAddress, hand_over
from tests.certificates import Authority
from tests.core2_api_server import ApiServer, core2_of, listening
from tests.delivered_models import Delivered, deliver


class Line:
    """A signed version, an API server that answers, and a mesh where nobody does."""

    def __init__(self, delivered: Delivered, core2: Core2) -> None:
        self.delivered, self.core2, self.api = delivered, core2, ApiServer()

    def hand_over(self) -> None:
        """Hand the version over as a delivery does."""
        route = (("seldon-model", "{resource}"),)
        address = ServerAddress("", f"127.0.0.1:{free_port()}", metadata=route, core2=self.core2)
        hand_over(address, self.delivered.directory, self.delivered.public_key)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    delivered, authority = deliver(tmp_path), Authority(tmp_path / "authority")
    found = Line(delivered, core2_of(tmp_path, delivered.store, wait_s=0.5))
    (found.core2.account / "ca.crt").write_bytes(authority.file.read_bytes())
    with listening(found.api, authority) as port:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(port))
        yield found


def test_what_is_not_handed_over_is_told_with_its_reason(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition = {"type": "ModelReady", "status": "False", "message": "no server fits"}
    line.api.status = {"conditions": [condition]}
    with pytest.raises(ModelError, match=r"did not answer within 0 s.*no server fits"):
        line.hand_over()
    line.api.refusal = (403, 'models.mlops.seldon.io is forbidden: cannot patch "models"')
    with pytest.raises(ModelError, match=r'answered 403: models.*cannot patch "models"'):
        line.hand_over()
    line.api.refusal = None
    (line.core2.account / "token").write_text("another")
    with pytest.raises(ModelError, match="answered 401: Unauthorized"):
        line.hand_over()
    foreign = Authority(line.core2.account / "foreign").file
    (line.core2.account / "ca.crt").write_bytes(foreign.read_bytes())
    with pytest.raises(ModelUnavailableError, match="certificate verify failed"):
        line.hand_over()
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    with pytest.raises(ModelUnavailableError, match="from within the cluster"):
        line.hand_over()


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"kind": "Model"}',
        '{"kind": "Server", "metadata": {"name": "{resource}", "namespace": "a"}, "spec": {"storageUri": "/{resource}"}}',
        '{"kind": "Model", "metadata": {"name": "fixed", "namespace": "a"}, "spec": {"storageUri": "/{resource}"}}',
        '{"kind": "Model", "metadata": {"name": "{resource}", "namespace": "a"}, "spec": {"storageUri": "/models"}}',
    ],
)
def test_a_template_that_is_no_model_of_its_version_is_refused(tmp_path: Path, text: str) -> None:
    template = tmp_path / "model.json"
    template.write_text(text)
    with pytest.raises(ModelError, match=r"model\.json"):
        model_of(template, "spy-1-01234567")
