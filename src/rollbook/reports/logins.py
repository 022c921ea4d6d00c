"""Which login (pseudonym) stands for a user (sis_and_provisioning.md, 3.5)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from rollbook.canvas.tables import Tables
from rollbook.reports.collation import collation_keys
from rollbook.reports.scope import Scope, is_live


def candidates(tables: Tables, scope: Scope) -> ir.Table:
    """The logins that may stand for a user: live ones, deleted ones too with `include_deleted`."""
    logins = tables.pseudonyms
    return logins if scope.include_deleted else logins.filter(is_live(logins))


def root_logins(tables: Tables, scope: Scope) -> ir.Table:
    """The logins of the root account, without those that the vendor's own identity service made."""
    return tables.pseudonyms.filter(
        ibis._.account_id == scope.root.id, ~ibis._.is_inst_id.fill_null(False)
    )


def chosen_logins(tables: Tables, scope: Scope, prefix: str = "login_") -> ir.Table:
    """The login of each user who has one in the root, else in a trusted account (steps 2 to 4).

    Columns: those of `login_columns`.
    """
    logins = candidates(tables, scope)
    logins = logins.filter(logins.account_id.isin(_accounts_that_count(scope)))
    logins = _with_contested_name(logins)
    in_root_first = ibis.ifelse(logins.account_id == scope.root.id, 0, 1)
    first = _first_of_each_user(logins, [in_root_first, *_login_order(logins)])
    return login_columns(first, prefix)


def with_enrollment_login(tables: Tables, scope: Scope, rows: ir.Table) -> ir.Table:
    """Enrollments with the login that stands for their user; without those who have none.

    It is the login that the enrollment names, if it is one of the user's, else the user's chosen
    one (step 1). Columns: `login_sis_user_id`, `login_integration_id`, `login_account_id`.
    """
    named = login_columns(candidates(tables, scope), "named_")
    chosen = chosen_logins(tables, scope, "chosen_")
    rows = rows.left_join(
        named,
        [rows.sis_pseudonym_id == named.named_id, rows.user_id == named.named_user_id],
    )
    rows = rows.left_join(chosen, rows.user_id == chosen.chosen_user_id)
    is_named = rows.named_id.notnull()
    rows = rows.filter(is_named | rows.chosen_id.notnull())
    columns = ("sis_user_id", "integration_id", "account_id")
    return rows.mutate(
        **{
            f"login_{column}": ibis.ifelse(
                is_named, rows[f"named_{column}"], rows[f"chosen_{column}"]
            )
            for column in columns
        }
    )


def best_logins(logins: ir.Table) -> ir.Table:
    """Of the given logins the best one of each user, whatever its state (students.md, 1.4)."""
    named = _with_contested_name(logins)
    return _first_of_each_user(named, _order_in_a_state(named)).select(*logins.columns)


def _first_of_each_user(logins: ir.Table, order: list[ir.Value]) -> ir.Table:
    choice = ibis.row_number().over(group_by=logins.user_id, order_by=order)
    return logins.mutate(choice=choice).filter(ibis._.choice == 0)


def _with_contested_name(logins: ir.Table) -> ir.Table:
    """With `contested_name`, the login name to compare; NULL for the only login of a user.

    Most users have one login, and bringing a name into its order takes longer than all the rest.
    """
    logins = logins.mutate(rivals=logins.count().over(group_by=logins.user_id))
    name = ibis.ifelse(logins.rivals > 1, logins.unique_id, ibis.null("string"))
    return logins.mutate(contested_name=name)


def _login_order(logins: ir.Table) -> list[ir.Value]:
    """The order in which a user's logins are preferred (step 2)."""
    return [logins.workflow_state, *_order_in_a_state(logins)]


def _order_in_a_state(logins: ir.Table) -> list[ir.Value]:
    return [
        ibis.ifelse(logins.sis_user_id.isnull(), 1, 0),
        *collation_keys(logins.contested_name),
        logins.position.asc(nulls_first=False),
        logins.id,
    ]


def login_columns(logins: ir.Table, prefix: str) -> ir.Table:
    """A login's columns under names that cannot clash in a join."""
    columns = ("user_id", "id", "sis_user_id", "integration_id", "unique_id", "account_id")
    return logins.select(**{f"{prefix}{column}": column for column in columns})


def _accounts_that_count(scope: Scope) -> list[int]:
    site_admin = scope.accounts.site_admin_id
    trusted = [*scope.host.trusted_roots, *([] if site_admin is None else [site_admin])]
    return [scope.root.id, *(account for account in trusted if account != scope.root.id)]


def login_host(scope: Scope, account_id: ir.Value) -> ir.Value:
    """The host name of a login's root account (3.8, trusted roots)."""
    hosts = {scope.root.id: scope.host.name, **scope.host.trusted_roots}
    cases = [(account_id == account, host) for account, host in hosts.items()]
    return ibis.cases(*cases, else_=ibis.null("string"))
