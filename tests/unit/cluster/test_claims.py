"""Claims that are made again."""

from ci.cluster.variants.claims import unbound


def test_a_claim_is_made_again_with_whose_it_is_and_without_its_volume() -> None:
    owner = {"meta.helm.sh/release-name": "alphaline", "helm.sh/resource-policy": "keep"}
    bound = {"pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/selected-node": "n"}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "alphaline-training",
            "uid": "u",
            "labels": {"a": "b"},
            "annotations": {**owner, **bound},
        },
        "spec": {**spec, "volumeName": "pv1"},
        "status": {"phase": "Bound"},
    }
    made = unbound(claim)
    assert made["metadata"] == {
        "name": "alphaline-training",
        "labels": {"a": "b"},
        "annotations": owner,
    }
    assert made["spec"] == spec
    assert "status" not in made
