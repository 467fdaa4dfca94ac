"""``make test-cluster-variants``: other installs than the one of `make test-cluster`, each in a namespace of its own.

`operator`: what a person does beside helm. `overlay`: kustomize. `stores`: shared databases, TLS, scaling.
`backup`: everything lost but the backup.
"""
