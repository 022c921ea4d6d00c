"""The oracles by the name of what they foretell."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from oracle.grade_export import grade_export
from oracle.outcome_results import outcome_results
from oracle.provisioning_enrollments import provisioning, sis_export
from oracle.rules import Expected, Institution, Request
from oracle.zero_activity import zero_activity

Oracle = Callable[[Institution, Request], Expected]

ORACLES: MappingProxyType[str, Oracle] = MappingProxyType(
    {
        "provisioning_csv": provisioning,
        "sis_export_csv": sis_export,
        "grade_export_csv": grade_export,
        "outcome_results_csv": outcome_results,
        "zero_activity_csv": zero_activity,
    }
)
"""By report; of the two SIS reports, the file `enrollments`."""
