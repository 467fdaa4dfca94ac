#!/bin/sh
# Installs a lock into the virtual environment FOLDER by hash, without what no service reads: install.sh FOLDER LOCK [OPTION]
# An OPTION is of `uv pip install`, such as --no-deps for a lock that is complete and leaves out caps.
# uv's cache is a mount of the build; where an index or a certificate was given, it is a secret of the build.
set -eu
export UV_CACHE_DIR=/var/cache/uv UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
if [ -s /run/secrets/index ]; then export UV_CONFIG_FILE=/run/secrets/index; fi
if [ -s /run/secrets/certificates ]; then export SSL_CERT_FILE=/run/secrets/certificates; fi
tools=$(dirname "$0") folder=$1 lock=$2
shift 2
[ -x "$folder/bin/python" ] || "$tools/uv" venv --quiet --python python3.11 "$folder"
# A few packages have no wheel: what builds them is pinned by hash too, and stays out.
"$tools/uv" pip install --quiet --python "$folder/bin/python" --require-hashes --build-constraints "$tools/build.txt" "$@" --requirements "$lock"
"$folder/bin/python" "$tools/slim.py" "$folder"/lib/python3.11/site-packages
