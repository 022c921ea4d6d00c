"""The migrations make exactly the tables that the code uses, and keep what was there."""

from __future__ import annotations

import shutil
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from api.inside import inside
from api.live import PROVISIONING

from rollbook.config import Settings
from rollbook.state.database import open_database
from rollbook.state.tables import metadata


def test_migrated_tables_are_those_of_the_code(kept: Settings) -> None:
    database = open_database(kept)
    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()
    assert differences == []


FIRST_RELEASE = Path(__file__).parents[1] / "data" / "first_release"
TOKEN = "rollbook_KAkoGt2M0Hz2nZOBjA61oJAyVmnCxgHfWSpGvinMnZh"
"""Was printed when the first release made its token."""


def test_runs_of_the_first_release_are_listed_downloaded_and_deleted(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(FIRST_RELEASE, data)
    with inside(data) as api:
        api.http.headers["Authorization"] = f"Bearer {TOKEN}"
        failed, two_files, one_file = api.http.get(PROVISIONING).json()
        assert [failed["status"], two_files["status"], one_file["status"]] == [
            "error",
            "complete",
            "complete",
        ]
        assert one_file["parameters"] == {
            "users": "true",
            "locale": "en",
            "extra_text": "Term: All Terms; Reports: users ",
        }
        for run, name in ((one_file, "1-1.csv"), (two_files, "2-1.zip")):
            content = api.http.get(run["attachment"]["url"]).content
            assert content == (FIRST_RELEASE / "files" / name).read_bytes()
        assert api.http.delete(f"{PROVISIONING}/{two_files['id']}").json()["status"] == "deleted"
        started = api.http.post(PROVISIONING, data={"parameters[users]": "true"}).json()
        assert started["id"] == failed["id"] + 1
        listed = [run["id"] for run in api.http.get(PROVISIONING).json()]
        assert listed == [started["id"], failed["id"], one_file["id"]]
