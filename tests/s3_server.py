"""A real S3 server for tests: versitygw over a temporary folder, a free port, one bucket."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from alphaline.runtime.ports import free_port
from alphaline.runtime.tether import tethered
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / ".tools/go/bin/versitygw"
needs_s3 = pytest.mark.skipif(
    not PROGRAM.exists(), reason="the S3 server that tests start is not built: make test-stores"
)
BUCKET = "alphaline"
ACCESS_KEY, SECRET_KEY = "tests-access", "tests-secret-never-printed"


@dataclass(frozen=True)
class S3Server:
    """A server that answers, and what its clients are told of it."""

    port: int
    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """What MLflow and boto read from the environment."""
        return {
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def objects(self) -> list[str]:
        """Return the keys of every object in the bucket."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def client(self):  # type: ignore[no-untyped-def]  # boto3 makes its clients at run time
        """Return a client that asks once."""
        return boto3.client(
            "s3",
            endpoint_url=self.variables["MLFLOW_S3_ENDPOINT_URL"],
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def answers(self) -> bool:
        """Return whether it lists its buckets."""
        try:
            self.client().list_buckets()
        except BotoCoreError:
            return False
        return True


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a server with an empty bucket for the block."""
    server = S3Server(free_port(), folder)
    buckets, metadata = folder / "buckets", folder / "metadata"
    buckets.mkdir(parents=True)
    metadata.mkdir()
    options = ["--port", f"127.0.0.1:{server.port}", "--quiet"]
    # Metadata in files: not every file system of a container has extended attributes.
    backend = ["posix", "--sidecar", str(metadata), str(buckets)]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            tethered([str(PROGRAM), *options, *backend]),
            env={
                **os.environ,
                "ROOT_ACCESS_KEY_ID": ACCESS_KEY,
                "ROOT_SECRET_ACCESS_KEY": SECRET_KEY,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        assert eventually(server.answers), (folder / "server.log").read_text()
        server.client().create_bucket(Bucket=BUCKET)
        yield server
    finally:
        process.terminate()
        process.wait(10)
