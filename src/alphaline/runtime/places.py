"""Where the checkout and its kept files lie."""

import os
from pathlib import Path


def checkout() -> Path:
    """Return the root of the checkout that this code runs from (an editable install)."""
    return Path(__file__).resolve().parents[3]


def home() -> Path:
    """Return the folder of everything that is kept on this machine: ``ALPHALINE_HOME`` or ``var/``."""
    named = os.environ.get("ALPHALINE_HOME")
    return Path(named).resolve() if named else checkout() / "var"


def research_home() -> Path:
    """Return the folder of trials, searches, reports and MLflow where no other is named."""
    return home() / "research"


def serving_python() -> Path:
    """Return the interpreter of the model server's own environment."""
    return checkout() / ".venv-serving" / "bin" / "python"
