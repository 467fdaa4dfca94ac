"""The Feast repository: entity, feature views and feature services over one data root."""

import os

import prometheus_client  # noqa: F401

# On import Feast turns prometheus_client to its multi-process mode through the environment: counters
# of this process would then be shared by every registry, and child processes would inherit it. The
# client reads the variables once, when it is imported: so it comes first, and they go afterwards.
_MULTI_PROCESS = ("PROMETHEUS_MULTIPROC_DIR", "PROMETHEUS_MULTIPROCESS_DIR")

import feast  # noqa: E402, F401

for _name in _MULTI_PROCESS:
    os.environ.pop(_name, None)
