"""The sentences of a run: its settings in words, and how it ended (api.md, 12.5)."""

from __future__ import annotations

from collections.abc import Sequence

NO_FILE = "Failed, the report failed to generate a file. Please try again."
ABORTED = "Report has been aborted"


def english_list(items: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B, and C`."""
    if len(items) < 3:
        return " and ".join(items)
    return f"{', '.join(items[:-1])}, and {items[-1]}"


def success_message(title: str, account_name: str | None, extra_text: str) -> str:
    return (
        f"{title} report successfully generated with the following settings. "
        f"Account: {account_name or ''}; {extra_text}"
    )


def failure_message(report: str) -> str:
    return f"Generating the report, {_words(report)}, failed."


def stop_message(report: str) -> str:
    return f"Generating the report, {_words(report)}, stopped."


def failure_extra_text(reason: str) -> str:
    """What `extra_text` becomes when a run fails: never what was collected before."""
    return f"Failed, {reason}"


def _words(report: str) -> str:
    return report.replace("_", " ").title()
