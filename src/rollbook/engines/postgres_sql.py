"""Ibis expressions as SQL for Postgres, meaning what they mean on the lake.

Ibis translates each operation for both engines, not always to the same effect. What reports use
and what would differ is translated here instead: text compares by its bytes whatever the
collation of the database, types are those that Ibis announces, nothing divides by zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.common.exceptions import UnsupportedOperationError
from ibis.expr.schema import Schema

from rollbook.engines.patterns import ignores_case, postgres_pattern, postgres_replacement

CASE_COLLATIONS = ("pg_c_utf8", "und-x-icu", "C.utf8", "C.UTF-8", "en_US.utf8", "en_US.UTF-8")
"""Collations that know upper and lower case of all letters, the best first.

A database may have been made with a collation that knows only ASCII.
"""

_BYTEWISE = "C"
_PRESENCE = ("SEMI", "ANTI")
_NUMBER = r"^[ \t\n]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?[ \t\n]*$"
_LARGEST = 2**63 - 1


def _comparison(kind: type[sge.Binary]) -> Callable[..., sge.Expression]:
    def visit(
        self: CanvasPostgresCompiler, op: Any, *, left: sge.Expression, right: sge.Expression
    ) -> sge.Expression:
        return self.binop(kind, self._ordering(op.left, left), right)

    return visit


class CanvasPostgresCompiler(PostgresCompiler):
    """Ibis's compiler for Postgres, with the lake's meaning where the two differ.

    Args:
        case_collation: one of `CASE_COLLATIONS` that the database has; None for the database's own.
    """

    __slots__ = ("_case_collation",)

    # Else Ibis would make its own methods for these again, over those below.
    SIMPLE_OPS: ClassVar[dict[type[ops.Value], str]] = {}

    def __init__(self, case_collation: str | None = None) -> None:
        super().__init__()
        self._case_collation = case_collation

    # Tables

    def visit_InMemoryTable(self, op: Any, *, name: str, schema: Schema, data: Any) -> sge.Select:
        # Inline, because a transaction that only reads can make no temporary table.
        rows = data.to_pyarrow(schema)
        # Lists of different lengths make no array in Postgres: they go as text.
        types = {key: dt.string if dtype.is_array() else dtype for key, dtype in schema.items()}
        arrays = [
            self.cast(sge.convert(_array_text(rows[key].to_pylist())), dt.Array(dtype))
            for key, dtype in types.items()
        ]
        columns = {key: sg.column(key, quoted=True) for key in schema.names}
        alias = sge.TableAlias(
            this=sg.to_identifier("given", quoted=True),
            columns=[column.this for column in columns.values()],
        )
        return sg.select(
            *(
                self.cast(column, schema[key]).as_(key, quoted=True)
                if schema[key].is_array()
                else column
                for key, column in columns.items()
            )
        ).from_(sge.Unnest(expressions=arrays, alias=alias))

    def visit_JoinChain(
        self, op: Any, *, first: Any, rest: Sequence[Any], values: Any
    ) -> sge.Select:
        # Postgres has no semi and anti joins, and sqlglot rewrites only every second one.
        links = [link.this if isinstance(link, sge.Alias) else link for link in rest]
        joined = [link for link in links if link.kind not in _PRESENCE]
        query = super().visit_JoinChain(op, first=first, rest=joined, values=values)
        for link in links:
            if link.kind in _PRESENCE:
                query = query.where(_presence(link), copy=False)
        return query

    # Text by its bytes

    def _ordering(self, node: ops.Value, text: sge.Expression) -> sge.Expression:
        return _collated(text, _BYTEWISE) if node.dtype.is_string() else text

    def visit_SortKey(
        self, op: Any, *, arg: sge.Expression, ascending: bool, nulls_first: bool
    ) -> sge.Expression:
        return super().visit_SortKey(
            op, arg=self._ordering(op.arg, arg), ascending=ascending, nulls_first=nulls_first
        )

    visit_Less = _comparison(sge.LT)
    visit_LessEqual = _comparison(sge.LTE)
    visit_Greater = _comparison(sge.GT)
    visit_GreaterEqual = _comparison(sge.GTE)

    def visit_Between(
        self, op: Any, *, arg: Any, lower_bound: Any, upper_bound: Any
    ) -> sge.Expression:
        return super().visit_Between(
            op, arg=self._ordering(op.arg, arg), lower_bound=lower_bound, upper_bound=upper_bound
        )

    def visit_Min(self, op: Any, *, arg: Any, where: Any) -> sge.Expression:
        return super().visit_Min(op, arg=self._ordering(op.arg, arg), where=where)

    def visit_Max(self, op: Any, *, arg: Any, where: Any) -> sge.Expression:
        return super().visit_Max(op, arg=self._ordering(op.arg, arg), where=where)

    def visit_Greatest(self, op: Any, *, arg: Sequence[Any]) -> sge.Expression:
        return super().visit_Greatest(op, arg=self._all_ordering(op, arg))

    def visit_Least(self, op: Any, *, arg: Sequence[Any]) -> sge.Expression:
        return super().visit_Least(op, arg=self._all_ordering(op, arg))

    def _all_ordering(self, op: Any, arg: Sequence[Any]) -> list[sge.Expression]:
        return [self._ordering(node, text) for node, text in zip(op.arg, arg, strict=True)]

    def visit_Lowercase(self, op: Any, *, arg: Any) -> sge.Expression:
        return self._cased("lower", arg)

    def visit_Uppercase(self, op: Any, *, arg: Any) -> sge.Expression:
        return self._cased("upper", arg)

    def _cased(self, function: str, text: sge.Expression) -> sge.Expression:
        # What comes out must not bring its collation into comparisons.
        return _collated(self.f[function](self._knowing_case(text)), _BYTEWISE)

    def _knowing_case(self, text: sge.Expression) -> sge.Expression:
        return _collated(text, self._case_collation) if self._case_collation else text

    # Patterns

    def visit_RegexSearch(self, op: Any, *, arg: Any, pattern: Any) -> sge.Expression:
        return sge.RegexpLike(this=self._searched(op, arg), expression=_pattern(op))

    def visit_RegexExtract(self, op: Any, *, arg: Any, pattern: Any, index: Any) -> sge.Expression:
        matches = self.f.regexp_match(self._searched(op, arg), _pattern(op, whole_as_group=True))
        found = sge.paren(matches, copy=False)[index]
        # No match, and a group that is not part of it, are empty text.
        return self.if_(arg.is_(sge.null()), sge.null(), self.f.coalesce(found, sge.convert("")))

    def visit_RegexReplace(
        self, op: Any, *, arg: Any, pattern: Any, replacement: Any
    ) -> sge.Expression:
        if isinstance(op.replacement, ops.Literal):
            replacement = sge.convert(postgres_replacement(op.replacement.value))
        replaced = self.f.regexp_replace(self._searched(op, arg), _pattern(op), replacement, "g")
        return self._bytewise_again(op, replaced)

    def _searched(self, op: Any, text: sge.Expression) -> sge.Expression:
        """The text to search; where case plays no part, with a collation that knows case."""
        return self._knowing_case(text) if ignores_case(_literal(op.pattern)) else text

    def _bytewise_again(self, op: Any, text: sge.Expression) -> sge.Expression:
        return _collated(text, _BYTEWISE) if ignores_case(_literal(op.pattern)) else text

    def visit_StringSplit(self, op: Any, *, arg: Any, delimiter: Any) -> sge.Expression:
        # Postgres makes no piece of an empty text, where all others make one.
        pieces = self.f.string_to_array(arg, delimiter)
        one_empty = self.cast(sge.convert('{""}'), op.dtype)
        return self.if_(arg.eq(sge.convert("")), one_empty, pieces)

    def visit_Array(self, op: Any, *, exprs: Sequence[Any]) -> sge.Expression:
        # An empty one would have no type.
        return self.cast(super().visit_Array(op, exprs=exprs), op.dtype)

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: dt.DataType) -> Any:
        if dtype.is_array():
            return self.cast(sge.convert(_array_text(value)), dtype)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    # Numbers

    def visit_Sum(self, op: Any, *, arg: Any, where: Any) -> sge.Expression:
        # A sum of bigint is a numeric in Postgres.
        return self.cast(super().visit_Sum(op, arg=arg, where=where), op.dtype)

    def visit_Mean(self, op: Any, *, arg: Any, where: Any) -> sge.Expression:
        if op.arg.dtype.is_boolean():
            arg = self.cast(arg, dt.int32)
        return self.agg.avg(self.cast(arg, dt.float64), where=where)

    def visit_Divide(self, op: Any, *, left: Any, right: Any) -> sge.Expression:
        return self.binop(sge.Div, self.cast(left, dt.float64), self._not_zero(right))

    def visit_FloorDivide(self, op: Any, *, left: Any, right: Any) -> sge.Expression:
        return super().visit_FloorDivide(op, left=left, right=self._not_zero(right))

    def visit_Modulus(self, op: Any, *, left: Any, right: Any) -> sge.Expression:
        return super().visit_Modulus(op, left=left, right=self._not_zero(right))

    def _not_zero(self, number: Any) -> sge.Expression:
        return self.f.nullif(number, sge.convert(0))

    def visit_Cast(self, op: Any, *, arg: Any, to: dt.DataType) -> sge.Expression:
        given = op.arg.dtype
        if given.is_boolean() and to.is_numeric():
            # Straight to int4 alone.
            return self.cast(self.cast(arg, dt.int32), to)
        if given.is_numeric() and to.is_boolean():
            return arg.neq(sge.convert(0))
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_TryCast(self, op: Any, *, arg: Any, to: dt.DataType) -> sge.Expression:
        given = op.arg.dtype
        if given.is_string() and to.is_numeric():
            is_number = sge.RegexpLike(this=arg, expression=sge.convert(_NUMBER))
            number = self.if_(
                is_number, self.cast(arg, dt.decimal), self.cast(sge.null(), dt.decimal)
            )
            fits = sge.Between(this=number, low=sge.convert(-_LARGEST), high=sge.convert(_LARGEST))
            return self.cast(self.if_(fits, number, sge.null()) if to.is_integer() else number, to)
        if given.is_string():
            raise UnsupportedOperationError(f"On Postgres text cannot be tried as {to}.")
        return self.visit_Cast(op, arg=arg, to=to)

    # One row's value out of many

    def visit_First(
        self, op: Any, *, arg: Any, where: Any, order_by: Sequence[Any], include_null: bool
    ) -> sge.Expression:
        return self._first(arg, where, order_by, include_null=include_null)

    def visit_Last(
        self, op: Any, *, arg: Any, where: Any, order_by: Sequence[Any], include_null: bool
    ) -> sge.Expression:
        if not order_by:
            raise UnsupportedOperationError("On Postgres `last` needs an order.")
        return self._first(arg, where, map(_reversed, order_by), include_null=include_null)

    def visit_Arbitrary(self, op: Any, *, arg: Any, where: Any) -> sge.Expression:
        return self._first(arg, where, (), include_null=False)

    def _first(
        self, arg: Any, where: Any, order_by: Iterable[Any], *, include_null: bool
    ) -> sge.Expression:
        if not include_null:
            where = _both(where, arg.is_(sg.not_(sge.null())))
        collected = self.agg.array_agg(arg, where=where, order_by=tuple(order_by))
        items: Any = sge.paren(collected, copy=False)
        return items[0]

    def visit_ArgMin(self, op: Any, *, arg: Any, key: Any, where: Any) -> sge.Expression:
        return self._first_by(op, arg, key, where, descending=False)

    def visit_ArgMax(self, op: Any, *, arg: Any, key: Any, where: Any) -> sge.Expression:
        return self._first_by(op, arg, key, where, descending=True)

    def _first_by(
        self, op: Any, arg: Any, key: Any, where: Any, *, descending: bool
    ) -> sge.Expression:
        order = sge.Ordered(this=self._ordering(op.key, key), desc=descending, nulls_first=False)
        where = _both(where, key.is_(sg.not_(sge.null())))
        return self._first(arg, where, [order], include_null=False)


def _presence(link: sge.Join) -> sge.Expression:
    """Whether the other table has a row (SEMI), or none (ANTI), that fits."""
    present = sge.Exists(this=sg.select("1").from_(link.this).where(link.args["on"]))
    return present if link.kind == "SEMI" else sg.not_(present)


def _collated(text: sge.Expression, collation: str) -> sge.Expression:
    return sge.paren(
        sge.Collate(this=sge.paren(text), expression=sg.to_identifier(collation, quoted=True)),
        copy=False,
    )


def _reversed(key: sge.Ordered) -> sge.Ordered:
    return sge.Ordered(
        this=key.this, desc=not key.args["desc"], nulls_first=not key.args["nulls_first"]
    )


def _both(first: sge.Expression | None, second: sge.Expression) -> sge.Expression:
    return second if first is None else sg.and_(first, second)


def _pattern(op: Any, *, whole_as_group: bool = False) -> sge.Expression:
    return sge.convert(postgres_pattern(_literal(op.pattern), whole_as_group=whole_as_group))


def _literal(node: ops.Value) -> str:
    if not isinstance(node, ops.Literal):
        raise UnsupportedOperationError("On Postgres a pattern must be a literal.")
    return str(node.value)


def _array_text(values: Iterable[Any]) -> str:
    """Values as the text of a Postgres array."""
    return "{" + ",".join(map(_item_text, values)) + "}"


def _item_text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, list | tuple):
        value = _array_text(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
