"""Every error that a person can act on.

RollbookError
├── InvalidInput            what was asked for is wrong
│   ├── BadParameter        a parameter has a value the report cannot take
│   ├── UnknownReport       no such report type
│   ├── UnknownAccount      no such account
│   └── UnknownTerm         no such enrollment term
├── ReportError             a run that cannot give a file
│   ├── NothingToReport     no file was chosen
│   └── RunStopped          aborted or deleted while it worked
├── DataError               the data, or where they come from
│   ├── MissingTable        the source has no such table
│   ├── EmptyLake           nothing was loaded yet
│   ├── BadRows             a load was refused for its bad rows
│   ├── BadSource           a source that cannot be read
│   └── LoadConflict        another load was faster
├── RunError                the life of a run
│   ├── RunNotFound         no such run
│   └── RunNotAbortable     the run has ended already
├── FileNotFound            no such report file
├── AccessDenied            who asks may not
│   ├── InvalidToken        no, an unknown or an expired token
│   └── NotPermitted        a valid token without the permission
└── ConfigurationError      settings that do not fit together

`status` is the HTTP status of an error; `exit_status` what the command line ends with.
"""

from __future__ import annotations


class RollbookError(Exception):
    """Something went wrong that a person can act on; the text says what and how."""

    status = 500
    exit_status = 1


class InvalidInput(RollbookError, ValueError):  # noqa: N818
    """What was asked for is wrong."""

    status = 400
    exit_status = 2


class BadParameter(InvalidInput):
    """A parameter has a value that cannot be taken."""


class UnknownReport(InvalidInput):
    """There is no report type of this name."""

    status = 404


class UnknownAccount(InvalidInput):
    """The institution has no such account."""

    status = 404


class UnknownTerm(InvalidInput):
    """The root account has no such enrollment term."""


class ReportError(RollbookError):
    """A run that cannot give a file."""

    exit_status = 3


class NothingToReport(ReportError):  # noqa: N818
    """No file was chosen, so there is nothing to write."""


class RunStopped(ReportError):  # noqa: N818
    """The run was aborted or deleted while it worked."""


class DataError(RollbookError):
    """The data, or the place they come from, are not as needed."""

    exit_status = 4


class MissingTable(DataError):  # noqa: N818
    """The source does not have a table that the report reads."""


class EmptyLake(DataError):  # noqa: N818
    """Nothing has been loaded yet."""


class BadRows(DataError):  # noqa: N818
    """A load was refused because of its bad rows."""


class BadSource(DataError):  # noqa: N818
    """A source that cannot be read at all."""


class LoadConflict(DataError):  # noqa: N818
    """Another load committed first."""


class RunError(RollbookError):
    """The life of a run."""


class RunNotFound(RunError):  # noqa: N818
    """There is no such run."""

    status = 404


class RunNotAbortable(RunError):  # noqa: N818
    """The run has ended already."""

    status = 404


class FileNotFound(RollbookError):  # noqa: N818
    """There is no such report file."""

    status = 404


class AccessDenied(RollbookError):  # noqa: N818
    """Who asks may not."""

    status = 401


class InvalidToken(AccessDenied):
    """The token is missing, unknown or expired."""


class NotPermitted(AccessDenied):
    """The token is valid but lacks the permission."""

    status = 403


class ConfigurationError(RollbookError):
    """Settings that do not fit together."""

    exit_status = 2
