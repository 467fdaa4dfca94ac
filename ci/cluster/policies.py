"""Who can open a connection to whom: what should pass does, what should be refused is."""

from typing import Any, NamedTuple

from alphaline.errors import LineError
from ci.cluster.line import ClusterLine, member
from ci.cluster.pods import pod
from ci.cluster.release import NAME
from ci.cluster.settings import Settings
from ci.cluster.waiting import until

TRY = (
    "import socket,sys\n"
    "try: socket.create_connection((sys.argv[1],int(sys.argv[2])),3).close()\n"
    "except OSError as error: print(error)\n"
    "else: print('open')"
)
READY_TIMEOUT = "--timeout=120s"
# A new pod's address reaches the policies some time after it has started.
SETTLED_S = 30.0
STRANGER = {"app.kubernetes.io/name": "stranger"}
BROKER, RISK, MODEL = ("kafka", 9092), ("risk-management", 9110), ("model-serving", 9121)
GATEWAY, API = ("gateway", 8080), ("kubernetes.default.svc", 443)


class Rule(NamedTuple):
    """From whom, to whom, and whether the connection is to be had."""

    source: str
    target: tuple[str, int]
    passes: bool


# A source is a component that the pod passes for, or a stranger in the same namespace.
RULES = (
    Rule("stranger", API, passes=True),
    Rule("stranger", BROKER, passes=False),
    Rule("stranger", RISK, passes=False),
    Rule("stranger", MODEL, passes=False),
    Rule("stranger", GATEWAY, passes=False),
    Rule("lake-sink", BROKER, passes=True),
    Rule("lake-sink", RISK, passes=False),
    Rule("lake-sink", MODEL, passes=False),
    Rule("lake-sink", GATEWAY, passes=False),
    Rule("lake-sink", API, passes=False),
    Rule("signal-generation", BROKER, passes=True),
    Rule("signal-generation", RISK, passes=True),
    Rule("signal-generation", MODEL, passes=True),
    Rule("signal-generation", GATEWAY, passes=False),
    Rule("model-serving", BROKER, passes=False),
    Rule("model-serving", RISK, passes=False),
    Rule("training", RISK, passes=False),
    Rule("training", BROKER, passes=False),
)


def connections(line: ClusterLine, settings: Settings) -> dict[str, Any]:
    """Try every rule from a pod of its own; ``holds`` where each is as it should be."""
    sources = {rule.source for rule in RULES}
    for source in sources:
        line.kubectl.apply(_pod(settings, source))
    for source in sources:
        line.kubectl.run("wait", f"pod/try-{source}", "--for=condition=Ready", READY_TIMEOUT)
    broken = [told for rule in RULES if (told := _broken(line, rule))]
    for source in sources:
        line.kubectl.delete("pod", f"try-{source}", "--grace-period=1")
    return {
        "holds": not broken,
        "refused_as_they_should": sum(not rule.passes for rule in RULES),
        "open_as_they_should": sum(rule.passes for rule in RULES),
        "broken": broken,
    }


def _broken(line: ClusterLine, rule: Rule) -> str:
    host, port = rule.target
    name = host if "." in host else f"{NAME}-{host}"

    def is_open() -> bool:
        said = line.kubectl.inside(f"try-{rule.source}", "python", "-c", TRY, name, str(port))
        return said.decode().strip() == "open"

    wanted = "open" if rule.passes else "refused"
    try:
        # What passes may need a moment to be known; what is refused must be so twice in a row.
        until(
            lambda: is_open() if rule.passes else not is_open() and not is_open(),
            SETTLED_S,
            wanted,
        )
    except LineError:
        return f"{rule.source} to {name}:{port}: expected {wanted}"
    return ""


def _pod(settings: Settings, source: str) -> dict[str, Any]:
    base = member(settings, source)
    if source == "stranger":
        base = base._replace(labels=STRANGER)
    return pod(f"try-{source}", base)
