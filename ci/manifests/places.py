"""Where the kustomizations lie."""

from ci.charts.places import ROOT

K8S = ROOT / "deploy/k8s"
BASE = K8S / "base"
COMPONENTS = K8S / "components"
OVERLAYS = K8S / "overlays"
ARGOCD = K8S / "argocd"
DASHBOARDS = ROOT / "deploy/monitoring"
