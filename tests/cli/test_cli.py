"""The command line: data on standard output, messages on standard error, an exit status."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from cli.command import Rollbook
from conformance.cells import read_files
from typer.core import TyperGroup
from typer.main import get_command

from rollbook.cli.main import app
from rollbook.cli.reports import parse_pairs

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def rollbook(tmp_path_factory: pytest.TempPathFactory) -> Rollbook:
    """The command, in a folder with a tiny demo institution."""
    command = Rollbook(tmp_path_factory.mktemp("cli"))
    command("load", "demo", "--scale", "tiny")
    (command.folder / "bad.json").write_text("[]")
    return command


def test_a_load_sums_up_the_rows_of_each_table(tmp_path: Path) -> None:
    answer = Rollbook(tmp_path)("load", "demo", "--scale", "tiny", "--json").stdout
    assert json.loads(answer)["rows"]["users"] == 160


def test_one_file_makes_a_csv(rollbook: Rollbook) -> None:
    done = rollbook("run", "provisioning_csv", "-p", "users=true")
    assert "users" in done.stderr
    assert "rows/s" in done.stderr
    rows = read_files(rollbook.folder / "provisioning_csv.csv")["report.csv"]
    assert rows[0][:2] == ("canvas_user_id", "user_id")
    assert len(rows) > 100


def test_several_files_make_a_zip(rollbook: Rollbook) -> None:
    rollbook("run", "sis_export_csv", "-p", "terms=1", "-p", "accounts=1", "-o", "out.zip")
    assert list(read_files(rollbook.folder / "out.zip")) == ["accounts.csv", "terms.csv"]


def test_several_files_do_not_fit_into_a_csv(rollbook: Rollbook) -> None:
    words = ("run", "provisioning_csv", "-p", "users=1", "-p", "terms=1", "-o", "both.csv")
    assert "write it to both.zip instead" in rollbook(*words, status=2).stderr
    assert not (rollbook.folder / "both.csv").exists()


def test_a_dash_writes_to_standard_output(rollbook: Rollbook) -> None:
    done = rollbook("run", "provisioning_csv", "-p", "terms=true", "-o", "-")
    assert done.stdout.startswith("canvas_term_id,term_id,name,")


def test_a_report_runs_as_of_an_earlier_snapshot(rollbook: Rollbook) -> None:
    (first,) = json.loads(rollbook("snapshots", "--json").stdout)
    assert first["source"] == "demo tiny"
    words = ("run", "provisioning_csv", "-p", "terms=true", "-o", "then.csv", "--manifest")
    rollbook(*words, "--as-of", str(first["snapshot"]))
    manifest = json.loads((rollbook.folder / "then.csv.manifest.json").read_text("utf-8"))
    assert manifest["snapshot"] == f"lake:{first['snapshot']}"
    assert manifest["parameters"] == {"terms": "true", "as_of": str(first["snapshot"])}
    content = (rollbook.folder / "then.csv").read_bytes()
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["rows"] == manifest["files"]["terms"] > 3


def test_the_newest_snapshot_is_always_kept(rollbook: Rollbook) -> None:
    done = rollbook("lake", "expire", "--days", "0", "--keep", "1")
    assert done.stdout == "Expired no snapshot; freed 0.0 MB.\n"


def test_a_machine_gets_json(rollbook: Rollbook) -> None:
    words = ("run", "provisioning_csv", "-p", "terms=true", "-o", "terms.csv", "--json")
    answer = json.loads(rollbook(*words).stdout)
    assert answer["file"] == "terms.csv"
    assert answer["rows"]["terms"] > 3
    assert answer["extra_text"] == "Term: All Terms; Reports: terms "


def test_parquet_keeps_the_types(rollbook: Rollbook) -> None:
    rollbook("run", "provisioning_csv", "-p", "enrollments=1", "-o", "enrollments.parquet")
    frame = pl.read_parquet(rollbook.folder / "enrollments.parquet")
    assert frame.schema["canvas_enrollment_id"] == pl.Int64
    assert frame.schema["created_by_sis"] == pl.Boolean


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("run", "no_such_csv"), 2, "There is no report 'no_such_csv'."),
        (("run", "provisioning_csv", "-p", "users"), 2, "'users' is not NAME=VALUE."),
        (("run", "provisioning_csv"), 3, "the report failed to generate a file"),
        (("run", "provisioning_csv", "-a", "77", "-p", "users=1"), 2, "no account '77'"),
        (("run", "provisioning_csv", "-p", "enrollment_term_id=zz"), 2, "enrollment term 'zz'"),
        (("run", "provisioning_csv", "-d", "elsewhere", "-p", "users=1"), 4, "no data in"),
        (("run", "provisioning_csv", "-p", "users=1", "-o", "no/where.csv"), 2, "no folder no"),
        (
            ("run", "provisioning_csv", "-p", "users=1", "--as-of", "2001-01-01"),
            2,
            "No data are kept as of 2001-01-01T00:00:00",
        ),
        (("load", "json", "bad.json"), 4, "is not a file of JSON tables"),
        (("reports", "no_such_csv"), 2, "There are: "),
        (("serve", "--port", "99999"), 2, "port"),
    ],
)
def test_an_error_is_one_sentence_and_a_status(
    rollbook: Rollbook, words: tuple[str, ...], status: int, sentence: str
) -> None:
    done = rollbook(*words, status=status)
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_settings_come_from_a_file_and_from_variables(tmp_path: Path) -> None:
    (tmp_path / "rollbook.toml").write_text('data = "from-file"\n')
    Rollbook(tmp_path)("load", "demo", "--scale", "tiny")
    assert (tmp_path / "from-file" / "lake.sqlite").exists()


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rollbook.toml").write_text("tread = 2\n")
    assert "tread" in Rollbook(tmp_path)("load", "demo", status=2).stderr


def test_reports_are_listed_with_their_parameters(rollbook: Rollbook) -> None:
    answer = {item["report"]: item for item in json.loads(rollbook("reports", "--json").stdout)}
    assert answer["sis_export_csv"]["parameters"]["enrollment_term_id"]["required"] is False
    assert "enrollment_filter" in rollbook("reports", "provisioning_csv").stdout


def test_the_sql_of_a_report_is_shown(rollbook: Rollbook) -> None:
    text = rollbook("sql", "provisioning_csv", "-p", "terms=1").stdout
    assert text.startswith("-- terms\n")
    assert '"enrollment_terms"' in text


def commands() -> list[str]:
    """Every command, as people type it."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    found = []
    for name, command in group.commands.items():
        inner = command.commands if isinstance(command, TyperGroup) else {}
        found += [f"{name} {sub}" for sub in inner] or [name]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_manual_with_an_example(command: str) -> None:
    assert f"rollbook {command}" in (DOCS / "command-line.md").read_text("utf-8")


def test_help_shows_the_first_steps(rollbook: Rollbook) -> None:
    text = rollbook("--help").stdout
    assert "rollbook load demo" in text
    assert all(command in text for command in ("load", "run", "reports", "serve", "token", "sql"))


def test_lists_are_written_with_brackets_or_by_repeating() -> None:
    assert parse_pairs(["states[]=active", "roles=ta", "roles=student", "users=a=b"]) == {
        "states": ["active"],
        "roles": ["ta", "student"],
        "users": "a=b",
    }
