"""The kill switch as risk tells it, by gRPC."""

import grpc

from alphaline.runtime.rpc import risk_pb2
from alphaline.runtime.rpc.risk_pb2_grpc import RiskServiceStub
from alphaline.runtime.service_tls import Connection, ServiceTls
from services.gateway.ports import KillSwitch

# A status page that waits longer is worse than one that says that risk is silent.
DEADLINE_S = 0.5


class GrpcRiskView:
    """Asks the risk service; an empty address is one that never answers."""

    def __init__(self, address: str, tls: ServiceTls | None = None) -> None:
        self._risk = Connection(address, RiskServiceStub, tls=tls) if address else None

    def kill_switch(self) -> KillSwitch | None:
        """Return the state of the kill switch, None where risk does not answer in time."""
        if self._risk is None:
            return None
        try:
            status = self._risk.stub.Status(risk_pb2.StatusRequest(), timeout=DEADLINE_S)
        except grpc.RpcError:
            return None
        switch = status.kill_switch
        return KillSwitch(switch.engaged, switch.by, switch.reason)

    def close(self) -> None:
        """Close the channel."""
        if self._risk is not None:
            self._risk.close()
