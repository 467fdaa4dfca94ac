"""cert-manager's Certificates, of which no definition is at hand: what its documentation says of them."""

from collections.abc import Iterator

from ci.charts.rendering import Manifest, Rendered

KEYS = {
    *("secretName", "dnsNames", "usages", "privateKey", "duration", "renewBefore", "issuerRef"),
}
PRIVATE_KEY = {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
# Both ends of a connection show one.
USAGES = {"server auth", "client auth"}
# Objects that no schema here describes; kubeconform passes over them, and this module judges them.
UNDESCRIBED = ("Certificate",)


def misissued(rendered: Rendered) -> Iterator[str]:
    """Yield what is wrong with the Certificates of a set, and who mounts one that nobody issues."""
    certificates = rendered.of_kind(*UNDESCRIBED)
    for certificate in certificates:
        name = certificate["metadata"]["name"]
        yield from (f"{rendered.name}: Certificate {name}: {p}" for p in _of(rendered, certificate))
    issued = {one["spec"]["secretName"] for one in certificates}
    for owner, _, pod in rendered.pods():
        for secret in _mounted(pod):
            if certificates and secret not in issued:
                yield f"{rendered.name}: {owner}: mounts {secret}, which no Certificate makes"


def _of(rendered: Rendered, certificate: Manifest) -> Iterator[str]:
    spec = certificate["spec"]
    if certificate["apiVersion"] != "cert-manager.io/v1":
        yield f"expected cert-manager.io/v1, saw {certificate['apiVersion']}"
    if spec.keys() != KEYS:
        yield f"expected the keys {sorted(KEYS)}, saw {sorted(spec)}"
        return
    if rendered.named("Service", spec["dnsNames"][0]) is None:
        yield f"{spec['dnsNames'][0]} is the name of no Service"
    if not set(spec["usages"]) >= USAGES:
        yield f"expected usages {sorted(USAGES)}, saw {spec['usages']}"
    if spec["privateKey"] != PRIVATE_KEY:
        yield f"expected the private key {PRIVATE_KEY}, saw {spec['privateKey']}"
    issuer = spec["issuerRef"]
    if issuer["kind"] not in ("Issuer", "ClusterIssuer") or issuer["group"] != "cert-manager.io":
        yield f"expected an issuer of cert-manager, saw {issuer}"
    if spec["secretName"] not in {one for _, _, pod in rendered.pods() for one in _mounted(pod)}:
        yield f"nobody mounts {spec['secretName']}"


def _mounted(pod: Manifest) -> Iterator[str]:
    for volume in pod.get("volumes", ()):
        if volume["name"] == "tls":
            yield volume["secret"]["secretName"]
