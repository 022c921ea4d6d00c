"""A SIS CSV load from the files to the snapshot (data_sources.md, 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rollbook.engines.lake import Lake
from rollbook.load.checks import first_of, refusal, write_bad_rows
from rollbook.load.loading import Load, LoadSummary, Progress, loading, no_progress, summary_of
from rollbook.load.sis_csv.accounts import load_accounts, load_terms
from rollbook.load.sis_csv.batch_mode import delete_unmentioned
from rollbook.load.sis_csv.courses import load_courses
from rollbook.load.sis_csv.enrollments import load_enrollments
from rollbook.load.sis_csv.foundation import lay_foundation
from rollbook.load.sis_csv.groups import (
    load_group_categories,
    load_groups,
    load_memberships,
    load_tag_memberships,
    load_tag_sets,
    load_tags,
)
from rollbook.load.sis_csv.institution import Institution
from rollbook.load.sis_csv.kinds import KINDS
from rollbook.load.sis_csv.links import load_admins, load_observers
from rollbook.load.sis_csv.options import SisOptions
from rollbook.load.sis_csv.people import load_logins, load_users
from rollbook.load.sis_csv.renames import rename
from rollbook.load.sis_csv.rows import Draft
from rollbook.load.sis_csv.sections import load_sections, load_xlists
from rollbook.load.sis_csv.sources import SisFile, find_files
from rollbook.load.sis_csv.staging import Staging
from rollbook.load.sis_csv.states import derive_states
from rollbook.load.sis_csv.writing import write_tables

_SOURCE = "SIS CSV"
_STEPS: Mapping[str, Callable[[Draft], None]] = MappingProxyType(
    {
        "change_sis_id": rename,
        "accounts": load_accounts,
        "terms": load_terms,
        "courses": load_courses,
        "sections": load_sections,
        "xlists": load_xlists,
        "users": load_users,
        "logins": load_logins,
        "enrollments": load_enrollments,
        "admins": load_admins,
        "group_categories": load_group_categories,
        "groups": load_groups,
        "groups_membership": load_memberships,
        "user_observers": load_observers,
        "differentiation_tag_sets": load_tag_sets,
        "differentiation_tags": load_tags,
        "differentiation_tag_membership": load_tag_memberships,
    }
)


def load_sis_csv(
    lake: Lake,
    sources: Sequence[Path],
    options: SisOptions | None = None,
    progress: Progress = no_progress,
) -> LoadSummary:
    """Load SIS CSV files into the lake as one snapshot.

    Over data of an earlier SIS load the files change what they mention and leave the rest as it
    is; over data of another kind the institution starts empty.

    Args:
        lake: where to.
        sources: folders, zip archives and CSV files.
        options: settings; the defaults if None.
        progress: told what is being done.

    Raises:
        BadRows: rows are bad and are not to be skipped; nothing was changed.
        BadSource: a source cannot be read.
        LoadConflict: another load is running.
    """
    files = find_files(sources)
    chosen = options or SisOptions()
    name = f"{_SOURCE} from {', '.join(source.name or str(source) for source in sources)}"
    with loading(lake, name, progress) as load:
        institution = Institution(load, chosen)
        institution.open(from_lake=_holds_sis_data(lake, load))
        lay_foundation(institution)
        draft = Draft(institution, Staging(load.connection))
        _stage(draft, files, progress)
        _apply(draft, progress)
        _report_bad_rows(draft, chosen)
        progress("Writing the tables", 0.8)
        write_tables(institution)
    progress("Done", 1.0)
    return summary_of(lake, load)


def _holds_sis_data(lake: Lake, load: Load) -> bool:
    snapshots = lake.snapshots()
    if not snapshots:
        return False
    last = snapshots[-1].source
    if last.startswith(_SOURCE):
        return True
    load.warnings.append(
        f"The lake held other data ({last}); they were replaced, not added to. "
        "Earlier snapshots still hold them."
    )
    return False


def _stage(draft: Draft, files: Sequence[SisFile], progress: Progress) -> None:
    for number, file in enumerate(files):
        progress(f"Reading {file.name}", 0.4 * number / len(files))
        draft.staging.add(file)
    if draft.staging.ignored:
        draft.institution.warn(
            f"Left out, as no table comes from them: {', '.join(draft.staging.ignored)}."
        )
    draft.staging.check_rows()
    for kind in KINDS:
        for column in ("start_date", "end_date"):
            if column in kind.columns and kind.name in draft.staging.kinds:
                draft.warn(
                    f"in_{kind.name}",
                    f"{column} <> '' AND moment({column}) IS NULL",
                    f"the {column} of {kind.name} cannot be read and counts as none",
                )


def _apply(draft: Draft, progress: Progress) -> None:
    for number, (kind, step) in enumerate(_STEPS.items()):
        if kind in draft.staging.kinds:
            progress(f"Checking {kind}", 0.4 + 0.4 * number / len(_STEPS))
            step(draft)
    delete_unmentioned(draft)
    derive_states(draft)


def _report_bad_rows(draft: Draft, options: SisOptions) -> None:
    rows = draft.staging.bad_rows()
    if rows and options.refused_rows_file:
        write_bad_rows(options.refused_rows_file, rows)
    if rows and not options.skip_bad_rows:
        raise refusal(
            rows,
            listed_in=options.refused_rows_file,
            how_to_skip="Correct them, or choose to skip bad rows to load the rest.",
        )
    if rows:
        listed = f" All: {options.refused_rows_file}." if options.refused_rows_file else ""
        number = "1 bad row was" if len(rows) == 1 else f"{len(rows):,} bad rows were"
        draft.institution.warn(f"{number} left out. {first_of(rows)}{listed}")
