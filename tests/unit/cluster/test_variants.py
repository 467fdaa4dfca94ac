"""What the variants put beside the line: certificates and servers."""

from pathlib import Path

import pytest
from cryptography import x509

from ci.certificates import Authority
from ci.cluster.variants.servers import DATABASE, STORE, Server, objects


def test_a_certificate_is_of_the_authority_and_names_its_hosts() -> None:
    made = Authority().sign(["risk", "risk.line.svc"])
    own, authority = map(x509.load_pem_x509_certificate, (made.certificate, made.authority))
    own.verify_directly_issued_by(authority)
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["risk", "risk.line.svc"]


def test_a_command_on_this_machine_is_told_three_files(tmp_path: Path) -> None:
    made = Authority().sign(["person"])
    told = made.files(tmp_path / "person")
    assert {name: Path(file).read_bytes() for name, file in told.items()} == {
        "ALPHALINE_TLS_CERTIFICATE": made.certificate,
        "ALPHALINE_TLS_KEY": made.key,
        "ALPHALINE_TLS_CA": made.authority,
    }


@pytest.mark.parametrize("server", [DATABASE, STORE])
def test_a_server_is_reached_by_the_labels_of_its_pods(server: Server) -> None:
    service, workload = objects(server, "image")
    assert service["spec"]["selector"] == workload["spec"]["template"]["metadata"]["labels"]
    assert server.peers == [{"podSelector": {"matchLabels": service["spec"]["selector"]}}]
    assert service["spec"]["ports"] == [{"port": server.port}]
