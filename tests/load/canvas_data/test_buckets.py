"""A dump in a bucket loads like the same dump in a folder."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import obstore
import pytest
from load.canvas_data.dump import Dump, records, updates, write_job
from output.s3_server import S3Server

from rollbook.bucket import bucket_at
from rollbook.errors import BadSource, ConfigurationError, SourceUnavailable
from rollbook.load.canvas_data import load_canvas_data
from rollbook.load.canvas_data.bucket_sources import bring

ANA, BEN = {"id": 1, "name": "Ana"}, {"id": 2, "name": "Ben"}


class Prefix:
    """A folder of a bucket."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store = bucket_at(url).store()

    def put(self, name: str, content: bytes | Path) -> None:
        obstore.put(self.store, name, content)

    def put_folder(self, folder: Path) -> None:
        for file in folder.rglob("*"):
            if file.is_file():
                self.put(str(file.relative_to(folder)), file)


@pytest.fixture
def prefix(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Prefix:
    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    return Prefix(f"{s3_server.url}/{uuid.uuid4().hex}")


def left_over(dump: Dump) -> list[Path]:
    return list((dump.lake.folder / "loading").glob("**/*"))


def test_folders_archives_and_packed_files_of_a_bucket(
    prefix: Prefix, dump: Dump, tmp_path: Path
) -> None:
    write_job(tmp_path / "there" / "users", records(ANA, BEN), "parquet")
    write_job(tmp_path / "there" / "nested" / "roles", records({"id": 1}), "jsonl", packed=True)
    prefix.put_folder(tmp_path / "there")
    shares: list[float] = []
    load_canvas_data(dump.lake, [prefix.url], progress=lambda _step, share: shares.append(share))
    assert dump.values("users", "name") == ["Ana", "Ben"]
    assert dump.values("roles", "id") == [1]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert dump.lake.snapshots()[-1].source == f"Canvas Data from {prefix.url}"
    assert left_over(dump) == []


def test_one_file_of_a_bucket_changes_what_a_folder_brought(
    prefix: Prefix, dump: Dump, tmp_path: Path
) -> None:
    dump.load_records("users", records(ANA, BEN))
    file = write_job(
        tmp_path / "changes" / "users",
        updates(BEN | {"name": "Bea"}, ts="2030-01-01T00:00:00.000Z"),
    )
    prefix.put("changes/users.csv", file)
    dump.load(f"{prefix.url}/changes/users.csv")
    assert dump.values("users", "name") == ["Ana", "Bea"]


def test_files_keep_their_times(prefix: Prefix, tmp_path: Path) -> None:
    """Of two whole tables of which nothing else tells, the one written later counts."""
    prefix.put("users/part.csv", b"id")
    (folder,) = bring([prefix.url], tmp_path, lambda _step, _share: None)
    written = obstore.head(prefix.store, "users/part.csv")["last_modified"]
    assert (folder / "users" / "part.csv").stat().st_mtime == written.timestamp()


@pytest.mark.parametrize("name", ["users/../../users.csv", "users//part.csv", "a\\b.csv"])
def test_names_that_lead_elsewhere_are_refused(
    prefix: Prefix, dump: Dump, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    listed = [[{"path": name, "size": 1, "e_tag": None, "last_modified": None, "version": None}]]
    monkeypatch.setattr(obstore, "list", lambda _store: listed)
    with pytest.raises(BadSource, match="cannot be a file's name here"):
        dump.load(prefix.url)
    assert dump.lake.snapshots() == []


def test_a_file_that_changes_while_it_is_read_is_refused(
    prefix: Prefix, dump: Dump, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix.put("users/part.csv", write_job(tmp_path / "users", records(ANA)))
    get = obstore.get

    def changed_before(store: Any, name: str, **options: Any) -> Any:
        prefix.put("users/part.csv", b"other bytes")
        return get(store, name, **options)

    monkeypatch.setattr(obstore, "get", changed_before)
    with pytest.raises(BadSource, match=r"users/part\.csv changed while it was read"):
        dump.load(prefix.url)
    assert (dump.lake.snapshots(), left_over(dump)) == ([], [])


def test_an_address_of_nothing_is_said(prefix: Prefix, dump: Dump) -> None:
    with pytest.raises(BadSource, match="There are no files at s3://"):
        dump.load(prefix.url)


def test_a_bucket_that_lets_nobody_in_is_said(
    prefix: Prefix, dump: Dump, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    with pytest.raises(SourceUnavailable, match="cannot be reached") as caught:
        dump.load(prefix.url)
    assert "not-the-secret" not in f"{caught.value!r} {caught.value.__cause__!r}"
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigurationError, match="AWS_SECRET_ACCESS_KEY"):
        dump.load(prefix.url)
