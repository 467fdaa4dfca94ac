"""The training pipeline: Feast → labels → walk-forward → gate → registry, as Kubeflow steps."""
