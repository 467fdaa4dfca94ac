"""The training pipeline on a Kubeflow: the same steps, each in a pod, submitted to its API (v2beta1)."""
