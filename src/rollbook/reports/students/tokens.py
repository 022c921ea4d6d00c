"""API tokens and their owners (students.md, section 6)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from rollbook.canvas.settings import read_setting
from rollbook.canvas.tables import Tables
from rollbook.reports import extra_text
from rollbook.reports.expressions import prefixed
from rollbook.reports.logins import best_logins
from rollbook.reports.report import Column, OutputFile, Parameter, Plan, Report
from rollbook.reports.scope import Scope, any_of, is_live
from rollbook.reports.students.declared import USER_ASSOCIATIONS

_DEFAULT_KEY = "User-Generated"
_DEFAULT_KEY_SETTING = "User-Generated_developer_key_id"


def _plan(tables: Tables, scope: Scope) -> Plan:
    tokens = scope.in_users(_tokens(tables, scope), "user_id")
    owners = _owners(tables, scope)
    people = prefixed(tables.users, "person_", "id", "sortable_name")
    keys = prefixed(tables.developer_keys, "key_", "id", "name")
    rows = tokens.semi_join(owners, ["user_id"])
    rows = rows.join(people, rows.user_id == people.person_id)
    rows = rows.left_join(keys, rows.developer_key_id == keys.key_id)
    # A user has one name, so that ordering by it between these two changes nothing.
    rows = rows.order_by(_.user_id, _.last_used_at.desc(nulls_first=True), _.id)
    return Plan(
        files=(OutputFile("user_access_tokens_csv", _columns(tables, scope, rows), rows),),
        extra_text=extra_text.joined(extra_text.include_deleted(scope)),
    )


def _tokens(tables: Tables, scope: Scope) -> ir.Table:
    """Tokens in every state, expired ones too, unless these are to be left out."""
    tokens = tables.access_tokens
    if not scope.parameters.truth("exclude_deleted_and_expired"):
        return tokens
    expires_at = tokens.permanent_expires_at
    return tokens.filter(is_live(tokens), any_of([expires_at.isnull(), expires_at > scope.now_utc]))


def _owners(tables: Tables, scope: Scope) -> ir.Table:
    """The users whose tokens count, `user_id`: their best login of the root tells who is deleted."""
    logins = best_logins(tables.pseudonyms.filter(_.account_id == scope.root.id))
    if not scope.include_deleted:
        logins = logins.filter(_.workflow_state != "deleted")
    return logins.select("user_id")


def _columns(tables: Tables, scope: Scope, rows: ir.Table) -> tuple[Column, ...]:
    by_hand = _made_by_hand(tables, scope, rows)
    hint = rows.token_hint.fill_null("") + "..."
    if scope.host.shard:
        hint = f"{scope.host.shard}~" + hint
    return (
        Column("user id", _.user_id),
        Column("user name", _.person_sortable_name),
        Column("id", _.id),
        Column("purpose", _.purpose),
        Column("token hint", _.token_hint),
        Column("visible token", ibis.ifelse(by_hand, hint, ibis.null("string"))),
        Column("creation", _.created_at, when_null="never"),
        Column("expiration", _.permanent_expires_at, when_null="never"),
        Column("last used", _.last_used_at, when_null="never"),
        Column("status", _.workflow_state),
        Column("dev key id", _.developer_key_id),
        Column("dev key name", _.key_name),
    )


def _made_by_hand(tables: Tables, scope: Scope, rows: ir.Table) -> ir.BooleanValue:
    """Whether a token is of the default key: the one that a setting names, or any of its name."""
    conditions = [rows.key_name == _DEFAULT_KEY]
    named = read_setting(tables, scope.engine, _DEFAULT_KEY_SETTING)
    if named is not None and named.strip().isdecimal():
        conditions.append(rows.developer_key_id == int(named))
    return any_of(conditions)


USER_ACCESS_TOKENS = Report(
    key="user_access_tokens_csv",
    title="User Access Tokens",
    description=(
        "The API tokens of every user, made by hand or by a tool, with their last use and when "
        "they expire; never a token itself."
    ),
    parameters=(
        Parameter("include_deleted", "Also report the tokens of users whose login is deleted."),
        Parameter("exclude_deleted_and_expired", "Leave out deleted and expired tokens."),
    ),
    tables=("accounts", "access_tokens", "developer_keys", "pseudonyms", "users"),
    optional_tables=(*USER_ASSOCIATIONS, "courses", "enrollments", "settings"),
    plan=_plan,
    repeatable=True,
)
