"""Facts about users that several reports print."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.tables import Tables


def without_test_students(tables: Tables, rows: ir.Table, user_id: str) -> ir.Table:
    """Rows whose user has no StudentViewEnrollment at all (sis_and_provisioning.md, 3.4)."""
    test_students = tables.enrollments.filter(_.type == "StudentViewEnrollment").select(
        test_student_id="user_id"
    )
    return rows.anti_join(test_students, [(user_id, "test_student_id")])


def email_addresses(tables: Tables) -> ir.Table:
    """Each user's e-mail address: `email_user_id`, `email` (sis_and_provisioning.md, 3.6)."""
    channels = tables.communication_channels
    usable = channels.filter(
        channels.path_type.isin(["email", "personal_email"]), channels.workflow_state != "retired"
    )
    first = ibis.row_number().over(
        group_by=usable.user_id, order_by=[usable.position.asc(nulls_first=False), usable.id]
    )
    return (
        usable.mutate(choice=first)
        .filter(_.choice == 0)
        .select(email_user_id="user_id", email="path")
    )
