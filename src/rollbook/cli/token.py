"""`rollbook token`: who may use the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from rollbook.cli.console import DataOption, JsonOption, answers, messages, print_json
from rollbook.errors import BadParameter

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API tokens.")


@app.command("create")
def create(
    purpose: Annotated[str, typer.Option(help="What the token is for, for the list.")] = "",
    account: Annotated[
        str, typer.Option("--account", "-a", help="The account whose subtree it covers.")
    ] = "self",
    user_id: Annotated[
        int | None,
        typer.Option(help="A Canvas user whose permissions count; else a service token."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires.")] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help="A call it may make, in Canvas's form; repeat it for more. [default: all calls]",
        ),
    ] = None,
    reports: Annotated[
        list[str] | None,
        typer.Option(
            "--report", help="A report type it may use; repeat it for more. [default: all types]"
        ),
    ] = None,
    allow_includes: Annotated[
        bool, typer.Option(help="Let a token with scopes use `include[]`.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a token and print it: this once, it is stored as a hash.

    rollbook token create --purpose "nightly SIS sync" --report sis_export_csv

    rollbook token create --scope "url:GET|/api/v1/accounts/:account_id/reports"
    """
    from rollbook.access.tokens import create_token
    from rollbook.config import read_settings

    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    token = create_token(
        read_settings(data=data),
        account=account,
        user_id=user_id,
        purpose=purpose,
        expires_at=expires_at,
        scopes=scopes or (),
        reports=reports or (),
        allow_includes=allow_includes,
    )
    if as_json:
        print_json({"id": token.id, "token": token.text, "expires_at": expires_at})
        return
    typer.echo(token.text)
    messages.print(f"Token {token.id}. It is not shown again.")


@app.command("list")
def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the tokens, without the secrets.

    rollbook token list
    """
    from rollbook.access.tokens import list_tokens
    from rollbook.config import read_settings

    tokens = list_tokens(read_settings(data=data))
    fields = (
        "id",
        "hint",
        "purpose",
        "account",
        "user_id",
        "scopes",
        "reports",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    rows = [{field: getattr(token, field) for field in fields} for token in tokens]
    if as_json:
        print_json(rows)
        return
    table = Table(*fields)
    for row in rows:
        table.add_row(*(_cell(row[field]) for field in fields))
    answers.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(value)
    return "" if value is None else str(value)


@app.command("revoke")
def revoke(
    token: Annotated[int, typer.Argument(help="The token's number in the list.")],
    data: DataOption = None,
) -> None:
    """Revoke a token: the next request that uses it is refused.

    rollbook token revoke 3
    """
    from rollbook.access.tokens import revoke_token
    from rollbook.config import read_settings

    if not revoke_token(read_settings(data=data), token):
        raise BadParameter(
            f"There is no token {token} to revoke. `rollbook token list` shows them."
        )
    messages.print(f"Token {token} is revoked, and so are the links to files it was given.")
