"""The store of report files, in a folder and in a bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from output.s3_server import S3Server

from rollbook.bucket import bucket_at
from rollbook.config import Settings
from rollbook.errors import ConfigurationError, FileNotFound, FilesUnavailable
from rollbook.output.bucket_files import BucketFiles
from rollbook.output.files import FileStore, LocalFiles

# More than one part of an upload.
CONTENT = b"0123456789" * 2_000_000
MakeFile = Callable[[bytes], Path]


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "folder":
        return LocalFiles(tmp_path / "files")
    server: S3Server = request.getfixturevalue("s3_server")
    return server.files()


@pytest.fixture
def made(tmp_path: Path) -> MakeFile:
    def make(content: bytes) -> Path:
        file = tmp_path / "made"
        file.write_bytes(content)
        return file

    return make


def test_a_file_comes_back_as_it_was_put(files: FileStore, made: MakeFile) -> None:
    file = made(CONTENT)
    files.put(file, "1-1.csv")
    pieces = list(files.read("1-1.csv"))
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) < len(CONTENT) / 10
    assert not file.exists()


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(0, 1, b"a"), (3, 5, b"de"), (3, None, b"defgh"), (0, 8, b"abcdefgh")],
)
def test_a_part_is_read_alone(
    files: FileStore, made: MakeFile, start: int, stop: int | None, expected: bytes
) -> None:
    files.put(made(b"abcdefgh"), "2-1.csv")
    assert b"".join(files.read("2-1.csv", start, stop)) == expected


def test_what_is_put_again_replaces_what_was_there(files: FileStore, made: MakeFile) -> None:
    for content in (b"first and longer", b"second"):
        files.put(made(content), "3-1.zip")
    assert b"".join(files.read("3-1.zip")) == b"second"


def test_a_removed_file_is_gone_and_may_be_removed_again(files: FileStore, made: MakeFile) -> None:
    files.put(made(b"x"), "4-1.csv")
    for _ in range(2):
        files.remove("4-1.csv")
    with pytest.raises(FileNotFound, match="no longer in the store"):
        files.read("4-1.csv")


@pytest.mark.parametrize("location", ["../x", "/etc/passwd", "1-1.csv/../../x", "", "1-1.CSV"])
def test_nothing_else_is_a_location(files: FileStore, made: MakeFile, location: str) -> None:
    for use in (files.read, files.remove, lambda name: files.put(made(b"x"), name)):
        with pytest.raises(FileNotFound):
            use(location)


def test_a_bucket_that_lets_nobody_in_is_said_without_the_secret(
    s3_server: S3Server, made: MakeFile
) -> None:
    bucket = replace(s3_server.files().bucket, secret_key="not-the-secret")
    file = made(b"x")
    with pytest.raises(FilesUnavailable, match="in bucket rollbook cannot be reached") as caught:
        BucketFiles(bucket).put(file, "5-1.csv")
    assert file.exists()
    assert "not-the-secret" not in f"{bucket!r} {caught.value!r} {caught.value.__cause__!r}"


def test_a_bucket_needs_credentials() -> None:
    with pytest.raises(ConfigurationError, match="AWS_SECRET_ACCESS_KEY"):
        bucket_at("s3://reports/of/us", {"AWS_ACCESS_KEY_ID": "key"})


def test_settings_show_no_secrets() -> None:
    settings = Settings(database_url="postgresql://me:hush@db/x", files_url="s3://us/hush")
    assert "hush" not in repr(settings)
