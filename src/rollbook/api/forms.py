"""What a report does and a form for its parameters, as HTML for pages that embed them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rollbook.canvas.accounts import Account
from rollbook.canvas.terms import Term
from rollbook.reports.examples import Example, example_of
from rollbook.reports.report import Parameter, Report


def description_html(report: Report) -> str:
    """What the report lists, with an example of its output where there is one."""
    example = example_of(report.key)
    return f"<p>{escape(report.description)}</p>{_table(example) if example else ''}"


def _table(example: Example) -> str:
    header = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in example.header)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in example.rows
    )
    return (
        f'<table class="report_example"><caption>{escape(example.file)}.csv, an example</caption>'
        f"<thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    )


def parameters_html(report: Report, account: Account, terms: Sequence[Term]) -> str:
    """A form that starts the report; its inputs are named `parameters[...]`."""
    action = escape(f"/api/v1/accounts/{account.id}/reports/{report.key}")
    rows = "".join(_row(report, parameter, terms) for parameter in report.parameters)
    return (
        f'<form id="{escape(report.key)}_form" class="run_report_form" action="{action}" '
        f'method="post">{rows}<p><button type="submit">Run report</button></p></form>'
    )


def _row(report: Report, parameter: Parameter, terms: Sequence[Term]) -> str:
    field = f"{report.key}_{parameter.name}"
    label = f'<label for="{escape(field)}">{escape(parameter.description)}</label>'
    control = _control(parameter, field, terms)
    return (
        f"<p>{control} {label}</p>" if parameter.kind == "boolean" else f"<p>{label} {control}</p>"
    )


def _control(parameter: Parameter, field: str, terms: Sequence[Term]) -> str:
    attributes = f'id="{escape(field)}" name="parameters[{escape(parameter.name)}]"'
    if parameter.required:
        attributes += " required"
    if parameter.kind == "boolean":
        return f'<input type="checkbox" {attributes} value="1">'
    if parameter.kind == "term":
        options = "".join(
            f'<option value="{term.id}">{escape(term.name or str(term.id))}</option>'
            for term in terms
            if term.is_live
        )
        return f'<select {attributes}><option value="">All Terms</option>{options}</select>'
    kind = "datetime-local" if parameter.kind == "time" else "text"
    return f'<input type="{kind}" {attributes}>'
