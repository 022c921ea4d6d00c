"""An expression means the same on every engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from engines.postgres_server import CanvasDatabase
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ibis import _

import rollbook
from rollbook.canvas.serialized import setting_text
from rollbook.engines.engine import Engine
from rollbook.engines.postgres import Postgres
from rollbook.load.json_tables import load_tables
from rollbook.reports.collation import collation_keys
from rollbook.reports.names import first_name, last_name

Expression = Callable[[ir.Table], ir.Table]

X: Any = _.x
MOMENT = datetime(2026, 1, 2, 3, 4, 5)
TEXTS = [
    *("", " ", "a", "B", "b", "Ab", "aB", "É", "é", "Zoë", "zoe", "İstanbul", "ΑΣ", "中文"),
    *(
        "a\nb",
        "a\tb ",
        "x.y",
        "1,2,,3",
        ",",
        "a'b",
        'say "a"',
        "back\\slash",
        "100%",
        "{a,b}",
        "NULL",
    ),
    *("10", "9", "009", "-7", "3.25", ".5", "1e3", "2.5", "-2.5", "1e30", "12x", " 42 ", "Ⅳ", "²"),
    *("Mustermann, Max Jr.", "van der Berg, Anna", "O'Neil", "course_format: online", None),
]
NUMBERS = [0, 1, -1, 2, 3, -7, 10, 2**31, -(2**53), 2**62, None]
FLOATS = [0.0, -0.5, 0.5, 1.0, 2.5, 1e-5, 1e16, 123456.789, -1e15, None]
TIMES = [
    *(datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 3, 8, 9, 59, 59, 999999)),
    *(datetime(1970, 1, 1), datetime(9999, 12, 31, 23, 59), datetime(2024, 2, 29), None),
]


def column(values: list[Any], dtype: pa.DataType) -> ir.Table:
    numbers = pa.array(range(len(values)), pa.int64())
    return ibis.memtable(pa.table({"n": numbers, "x": pa.array(values, dtype)}))


def each(value: Any) -> Expression:
    """One value for each row."""
    return lambda rows: rows.select("n", y=value).order_by("n")


def over_all(value: Any) -> Expression:
    """One value for all rows."""
    return lambda rows: rows.agg(y=value)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    institution = rollbook.open(tmp_path_factory.mktemp("lake"))
    load_tables(institution.lake, {}, "nothing")
    engine = institution.lake.engine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def postgres(shared_canvas_database: CanvasDatabase) -> Iterator[Engine]:
    engine = Postgres(shared_canvas_database.url).engine()
    yield engine
    engine.close()


@pytest.fixture
def same(lake: Engine, postgres: Engine) -> Callable[[ir.Table], None]:
    def check(expression: ir.Table) -> None:
        on_lake, on_postgres = lake.rows(expression), postgres.rows(expression)
        different = [pair for pair in zip(on_lake, on_postgres, strict=True) if pair[0] != pair[1]]
        assert different == []

    return check


@pytest.mark.parametrize(
    "expression",
    [
        *(each(X.lower()), each(X.upper()), each(X.strip()), each(X.lstrip()), each(X.length())),
        *(
            each(X.split(",")),
            each(X.contains("a")),
            each(X.startswith("a")),
            each(X.endswith("b")),
        ),
        *(each(X.find("a")), each(X.replace("a", "%")), each(X.translate("aé", "ée"))),
        *(each(X + "'\\" + X), each(X < "a"), each(X >= "B"), each(X.between("A", "a"))),
        *(each(X.nullif("")), each(X.fill_null("?")), each(X.isin(["a", "É", "NULL"]))),
        *(each(X.substr(1, 2)), each(X.left(2)), each(X.right(2)), each(X.reverse())),
        *(each(X.try_cast("int64")), each(X.try_cast("float64"))),
        each(ibis.greatest(X, "a")),
        each(ibis.least(X, "a")),
        each(ibis.ifelse(X.lower() < X.upper(), X.lower(), X)),
        each(X.lower().max().over()),
        *(over_all(X.min()), over_all(X.max()), over_all(X.lower().min()), over_all(X.nunique())),
        over_all(X.group_concat("|", order_by=[X.upper(), X])),
        over_all(X.first(order_by=X.desc())),
        over_all(X.last(order_by=X)),
        over_all(X.argmax(X.length() * 100 + X.find("b"))),
        lambda rows: rows.select("x").order_by("x"),
        lambda rows: rows.select("x").order_by(_.x.desc(nulls_first=True)),
        lambda rows: rows.select(y=_.x.lower()).distinct().order_by("y"),
        lambda rows: rows.mutate(k=ibis.row_number().over(order_by=[_.x, _.n])).order_by("k"),
        lambda rows: rows.semi_join(rows.filter(_.n > 3).view(), "x").order_by("n"),
        lambda rows: rows.anti_join(rows.filter(_.n > 3).view(), "x").order_by("n"),
        lambda rows: rows.union(rows.mutate(x=_.x.upper()), distinct=True).order_by("n", "x"),
    ],
)
def test_texts(expression: Expression, same: Callable[[ir.Table], None]) -> None:
    same(expression(column(TEXTS, pa.string())))


@pytest.mark.parametrize(
    "pattern",
    [
        *("a", "^a", "b$", "a.b", "(?s)a.b", "(?i)É", "(?i)^b", r"\d+", r"[\d.]+$", r"\w\b", r"\s"),
        *(r"[^\s\d]+", r"^[^,]*,", "x[.]y", r"\.", r"\\", "[a-c]{2}", "(a|b)c?", r"^\d*\.?\d+$"),
        *("[^\x01-\x7f]", "[[:alpha:]]+", "[]x]", r"\A.", "(?:a|B)+", "", "'", "%"),
    ],
)
def test_patterns(pattern: str, same: Callable[[ir.Table], None]) -> None:
    rows = column(TEXTS, pa.string())
    same(
        rows.select(
            "n",
            found=rows.x.re_search(pattern),
            whole=rows.x.re_extract(pattern, 0),
            replaced=rows.x.re_replace(pattern, r"<\0>"),
        ).order_by("n")
    )


def test_groups_of_a_pattern(same: Callable[[ir.Table], None]) -> None:
    rows = column(TEXTS, pa.string())
    pattern = "(a)?(b)?([^ab]*)"
    parts = {f"g{n}": rows.x.re_extract(f"(?i){pattern}", n) for n in range(4)}
    swapped = rows.x.re_replace("([0-9])(.)", r"\2\1")
    same(rows.select("n", swapped=swapped, **parts).order_by("n"))


@pytest.mark.parametrize(
    "expression",
    [
        *(each(X.cast("string")), each(X.cast("float64")), each(X.fill_null(5)), each(-X // 2)),
        *(each(X % 3), each(X / 4), each(X > 2), each(X.nullif(0)), each(X == 1)),
        each((X > 0).cast("int64")),
        each((X > 0).cast("string")),
        each(ibis.ifelse(X.isnull(), 0, ibis.greatest(X, 512))),
        *(over_all(X.min()), over_all(X.max()), over_all(X.count()), over_all(X.nunique())),
        over_all(X.sum(where=X < 100)),
        over_all((X < 100).sum()),
        over_all(ibis.ifelse(X.abs() < 100, X, None).mean()),
        over_all((X > 0).any()),
        over_all(X.argmin(X % 7)),
    ],
)
def test_integers(expression: Expression, same: Callable[[ir.Table], None]) -> None:
    same(expression(column(NUMBERS, pa.int64())))


@pytest.mark.parametrize(
    "expression",
    [
        *(each(X.floor()), each(X.ceil()), each(X.abs()), each(X * 3), each(X > 0.5), each(X / 3)),
        *(over_all(X.min()), over_all(X.max()), over_all(X.count())),
        each(ibis.ifelse(X.abs() < 1e9, X, None).cast("int64")),
        each(ibis.ifelse(X.abs() > 1, X, ibis.null("float64"))),
        lambda rows: rows.order_by(_.x.desc(), "n"),
    ],
)
def test_floats(expression: Expression, same: Callable[[ir.Table], None]) -> None:
    same(expression(column(FLOATS, pa.float64())))


@pytest.mark.parametrize(
    "expression",
    [
        *(each(X.strftime("%Y-%m-%d %H:%M:%S")), each(X.date()), each(X.truncate("D"))),
        *(each(X > MOMENT), each(X - ibis.interval(days=30))),
        *(each(X.year()), each(X.month()), over_all(X.min()), over_all(X.max())),
        lambda rows: rows.order_by(_.x.desc(), "n"),
    ],
)
def test_times(expression: Expression, same: Callable[[ir.Table], None]) -> None:
    same(expression(column(TIMES, pa.timestamp("us"))))


def test_lists_of_different_lengths(same: Callable[[ir.Table], None]) -> None:
    lists = [["x", None, ""], [], None, ["a,b", 'c"d', "\\", "{}", "NULL"], ["é"]]
    rows = column(lists, pa.list_(pa.string()))
    empty = ibis.literal([], type="array<string>")
    same(rows.mutate(n=_.n + 10, x=empty).union(rows).order_by("n"))


def test_nothing_divides_by_zero(postgres: Engine) -> None:
    """No report stops for it; where the answer matters a report says what it is."""
    rows = column([0, 2], pa.int64())
    found = postgres.rows(rows.select(a=4 / rows.x, b=4 // rows.x, c=4 % rows.x).order_by("a"))
    assert found == [{"a": 2.0, "b": 2, "c": 0}, {"a": None, "b": None, "c": None}]


def test_a_mean_is_the_sum_through_the_count(same: Callable[[ir.Table], None]) -> None:
    rows = column([1.5, 2.25, None, -7.0, math.pi], pa.float64())
    same(rows.agg(mean=rows.x.mean(), sum=rows.x.sum()))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
        | st.from_regex(r"[A-Za-zÀ-ÿ,. ]{0,20}(jr|III|esq\.)?", fullmatch=True),
        min_size=1,
        max_size=40,
    )
)
def test_what_reports_do_with_any_text(lake: Engine, postgres: Engine, texts: list[str]) -> None:
    rows = column(list(texts), pa.string())
    expression = rows.select(
        "n",
        first=first_name(rows.x),
        last=last_name(rows.x),
        setting=setting_text(rows.x, "a", "b|c"),
        order=ibis.row_number().over(order_by=[*collation_keys(rows.x), rows.n]),
    ).order_by("n")
    assert lake.rows(expression) == postgres.rows(expression)
