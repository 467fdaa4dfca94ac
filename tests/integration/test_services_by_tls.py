"""Signal generation, gateway and risk over mutual TLS: who is not proven gets no answer, and no trade."""

import json
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.errors import LineError
from alphaline.runtime.service_tls import Connection, ServiceTls, listen
from alphaline.runtime.telemetry import Telemetry
from ci.certificates import DAY
from services.gateway.adapters.risk_status import GrpcRiskView
from services.risk_management.transport.grpc_server import RiskServicer, serve
from services.signal_generation.adapters.risk_grpc import GrpcRiskGate
from services.signal_generation.ports import RiskFaultError
from tests.certificates import Authority, Identity
from tests.line_values import proposal
from tests.unit.risk_management.desk_with_journal import Desk
from tests.waiting import eventually

PATIENCE_S = 5.0


def files(authority: Authority, own: Identity) -> ServiceTls:
    return ServiceTls(ca=authority.file, certificate=own.certificate, key=own.key)


class Secured(NamedTuple):
    """A real risk server that takes certificates of one authority only."""

    desk: Desk
    address: str
    authority: Authority
    served_as: Identity

    def client(self, name: str = "signal-generation") -> ServiceTls:
        """Return the files of a client that this server believes."""
        return files(self.authority, self.authority.sign(name))


@pytest.fixture
def risk(tmp_path: Path) -> Iterator[Secured]:
    authority = Authority(tmp_path / "authority")
    own = authority.sign("risk-management")
    desk = Desk(tmp_path / "journal.sqlite")
    desk.minutes(1, 9)
    servicer = RiskServicer(desk.desk, 0.05, Telemetry("risk_management"))
    server, port = serve(servicer, "127.0.0.1:0", files(authority, own))
    yield Secured(desk, f"127.0.0.1:{port}", authority, own)
    server.stop(0).wait()
    desk.journal.close()


def gate(risk: Secured, tls: ServiceTls | None) -> GrpcRiskGate:
    return GrpcRiskGate(risk.address, lambda: False, tls)


def foreign(risk: Secured, folder: Path) -> ServiceTls:
    return files(risk.authority, Authority(folder).sign("signal-generation"))


def expired(risk: Secured, _folder: Path) -> ServiceTls:
    return files(risk.authority, risk.authority.sign("late", lives=-DAY))


def misled(risk: Secured, folder: Path) -> ServiceTls:
    return files(Authority(folder), risk.authority.sign("signal-generation"))


def plain(_risk: Secured, _folder: Path) -> ServiceTls:
    return ServiceTls.model_construct()


def test_a_proven_client_gets_a_verdict(risk: Secured) -> None:
    assert gate(risk, risk.client()).judge(proposal(10), PATIENCE_S).approved
    switch = GrpcRiskView(risk.address, risk.client("gateway")).kill_switch()
    assert switch is not None
    assert not switch.engaged


@pytest.mark.parametrize("shown", [foreign, expired, misled, plain])
def test_who_is_not_proven_is_denied_and_nothing_is_judged(
    risk: Secured, tmp_path: Path, shown: Callable[[Secured, Path], ServiceTls]
) -> None:
    tls = shown(risk, tmp_path / "other")
    with pytest.raises(RiskFaultError) as raised:
        gate(risk, tls).judge(proposal(10), PATIENCE_S)
    assert raised.value.denial.code == "RISK_UNAVAILABLE"
    assert GrpcRiskView(risk.address, tls).kill_switch() is None
    assert list(risk.desk.journal.decisions()) == []


def test_a_person_behind_a_forwarded_port_says_whose_certificate_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path / "authority")
    own = authority.sign("risk", host="alphaline-risk-management")
    desk = Desk(tmp_path / "journal.sqlite")
    servicer = RiskServicer(desk.desk, 0.05, Telemetry("risk_management"))
    server, port = serve(servicer, "127.0.0.1:0", files(authority, own))
    person = authority.sign("person")
    for name, file in zip(("CA", "CERTIFICATE", "KEY"), (authority.file, *person), strict=True):
        monkeypatch.setenv(f"ALPHALINE_TLS_{name}", str(file))
    ask = ["kill-switch", "status", "--address", f"127.0.0.1:{port}", "--json"]
    refused = CliRunner().invoke(app, ask)
    answered = CliRunner().invoke(app, [*ask, "--server-name", "alphaline-risk-management"])
    server.stop(0).wait()
    desk.journal.close()
    assert refused.exit_code != 0
    assert json.loads(answered.stdout)["engaged"] is False


def test_a_client_without_a_certificate_is_refused(risk: Secured) -> None:
    trusting = grpc.ssl_channel_credentials(risk.authority.file.read_bytes())
    with (
        grpc.secure_channel(risk.address, trusting) as channel,
        pytest.raises(grpc.FutureTimeoutError),
    ):
        grpc.channel_ready_future(channel).result(0.5)


def test_a_server_that_serves_in_plain_text_is_not_asked(tmp_path: Path) -> None:
    server = grpc.server(grpc_workers())
    port = listen(server, "127.0.0.1:0", ServiceTls.model_construct())
    server.start()
    authority = Authority(tmp_path)
    tls = files(authority, authority.sign("signal-generation"))
    with pytest.raises(RiskFaultError) as raised:
        GrpcRiskGate(f"127.0.0.1:{port}", lambda: False, tls).judge(proposal(10), PATIENCE_S)
    assert raised.value.denial.code == "RISK_UNAVAILABLE"
    server.stop(0).wait()


def test_a_server_whose_files_are_no_certificate_does_not_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    tls = ServiceTls(ca=broken, certificate=broken, key=broken)
    with pytest.raises(LineError, match=r"broken\.pem"):
        listen(grpc.server(grpc_workers()), "127.0.0.1:0", tls)


def test_renewed_certificates_are_taken_up_without_a_restart(risk: Secured, tmp_path: Path) -> None:
    client = risk.client()
    asked = gate(risk, client)
    assert asked.judge(proposal(10), PATIENCE_S).approved
    # Everything is renewed, the authority too, as an issuer does it: what was good is good no more.
    later = Authority(tmp_path / "later")
    renew(later, "risk-management", files(risk.authority, risk.served_as))
    old_key = files(risk.authority, copied(client, tmp_path / "old"))
    renew(later, "signal-generation", client)
    assert asked.judge(proposal(10), PATIENCE_S).approved
    with pytest.raises(RiskFaultError):
        gate(risk, old_key).judge(proposal(10), PATIENCE_S)


def test_a_client_whose_files_vanish_stays_connected(risk: Secured) -> None:
    tls = risk.client()
    asked = gate(risk, tls)
    assert asked.judge(proposal(10), PATIENCE_S).approved
    assert tls.key is not None
    tls.key.unlink()
    assert asked.judge(proposal(10), PATIENCE_S).approved


def test_a_renewed_connection_lets_the_one_before_end(risk: Secured) -> None:
    tls = risk.client()
    opened: list[grpc.Channel] = []

    def stub(channel: grpc.Channel) -> grpc.Channel:
        opened.append(channel)
        return channel

    connection = Connection(risk.address, stub, tls=tls)
    for _ in range(3):
        assert tls.key is not None
        before = tls.stamp()
        assert eventually(lambda seen=before: touched(tls) != seen)
        connection.stub  # noqa: B018 - to ask is to renew
    assert len(opened) == 4
    with pytest.raises(ValueError, match="closed"):
        opened[0].unary_unary("/x")(b"")
    connection.close()


def touched(tls: ServiceTls) -> object:
    assert tls.key is not None
    tls.key.touch()
    return tls.stamp()


def renew(authority: Authority, name: str, tls: ServiceTls) -> None:
    own = authority.sign(name)
    for target, source in (
        (tls.ca, authority.file),
        (tls.certificate, own.certificate),
        (tls.key, own.key),
    ):
        assert target is not None
        target.write_bytes(source.read_bytes())


def copied(tls: ServiceTls, folder: Path) -> Identity:
    folder.mkdir()
    for name, source in (("own.crt", tls.certificate), ("own.key", tls.key)):
        assert source is not None
        (folder / name).write_bytes(source.read_bytes())
    return Identity(folder / "own.crt", folder / "own.key")


def grpc_workers() -> futures.ThreadPoolExecutor:
    return futures.ThreadPoolExecutor(2)
