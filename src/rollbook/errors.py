"""Every error that a person can act on.

RollbookError
├── InvalidInput            what was asked for is wrong
│   ├── UnreadableRequest   a request that cannot be parsed
│   ├── RequestTooLarge     a request with too many bytes
│   ├── BadParameter        a parameter has a value the report cannot take
│   ├── UnknownReport       no such report type
│   ├── UnknownAccount      no such account
│   ├── UnknownTerm         no such enrollment term
│   ├── UnknownCourse       no such course
│   ├── UnknownSnapshot     no such snapshot of the data, or none so early
│   └── UnknownTable        no such table of Canvas Data
├── ReportError             a run that cannot give a file
│   ├── NothingToReport     no file was chosen
│   └── RunStopped          aborted or deleted while it worked
├── ResourceError           the machine lacks something, or a limit was reached
│   ├── MemoryExhausted     more memory was needed than may be used
│   ├── SpillExhausted      more temporary disk was needed than may be used
│   ├── TimeExhausted       a run took longer than it may
│   ├── DiskFull            nothing more can be written
│   ├── NotWritable         a file or folder that may not be written
│   ├── StateUnavailable    the database of the state, or of the lake's catalogue, cannot be used
│   └── FilesUnavailable    the object store cannot be reached
├── DataError               the data, or where they come from
│   ├── MissingTable        the source has no such table
│   ├── EmptyLake           nothing was loaded yet
│   ├── BadRows             a load was refused for its bad rows
│   ├── RowsLost            a load was refused because a table shrank too much
│   ├── BadSource           a source that cannot be read
│   ├── SourceUnavailable   a database or service that cannot be reached, or went away
│   ├── JobFailed           a service could not make the files that were asked for
│   ├── JobExpired          a service no longer has the files that were asked for
│   └── LoadConflict        another load or clean-up is running
├── RunError                the life of a run
│   ├── RunNotFound         no such run
│   └── RunNotAbortable     the run has ended already
├── FileNotFound            no such report file
├── AccessDenied            who asks may not
│   ├── NotAuthenticated    no token at all
│   ├── InvalidToken        an unknown token
│   │   ├── RevokedToken    a token that was revoked
│   │   └── ExpiredToken    a token whose time is over
│   ├── InsufficientScopes  a token that may not make this call
│   ├── InvalidMasquerade   acting as a user who is unknown, or whom one may not be
│   └── NotPermitted        a valid token without the permission
└── ConfigurationError      settings that do not fit together
    └── CredentialsRefused  a service does not take the credentials that are set

`status` is the HTTP status of an error; `exit_status` what the command line ends with.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.load.checks import BadRow


class RollbookError(Exception):
    """Something went wrong that a person can act on; the text says what and how."""

    status = 500
    exit_status = 1


class InvalidInput(RollbookError, ValueError):
    """What was asked for is wrong."""

    status = 400
    exit_status = 2


class UnreadableRequest(InvalidInput):
    """A request's body or parameters cannot be parsed."""


class RequestTooLarge(InvalidInput):
    """A request has more bytes than are read."""

    status = 413


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


class UnknownCourse(InvalidInput):
    """The root account has no such course."""


class UnknownSnapshot(InvalidInput):
    """The lake keeps no such snapshot, or none that is so old."""


class UnknownTable(InvalidInput):
    """Canvas Data has no such table."""


class ReportError(RollbookError):
    """A run that cannot give a file."""

    exit_status = 3


class NothingToReport(ReportError):
    """No file was chosen, so there is nothing to write."""


class RunStopped(ReportError):
    """The run was aborted or deleted while it worked."""


class ResourceError(RollbookError):
    """The machine lacks something, or a limit that was set for it was reached."""

    status = 503


class MemoryExhausted(ResourceError):
    """More memory was needed than may be used."""


class SpillExhausted(ResourceError):
    """More temporary disk was needed than may be used."""


class TimeExhausted(ResourceError):
    """A run took longer than it may."""


class DiskFull(ResourceError):
    """Nothing more can be written."""


class NotWritable(ResourceError):
    """A file or a folder may not be written."""


class StateUnavailable(ResourceError):
    """The database of the state, or of the lake's catalogue, is held by others, damaged or away."""


class FilesUnavailable(ResourceError):
    """The object store is away, or does not let us in."""


class DataError(RollbookError):
    """The data, or the place they come from, are not as needed."""

    exit_status = 4


class MissingTable(DataError):
    """The source does not have a table that the report reads."""


class EmptyLake(DataError):
    """Nothing has been loaded yet."""

    status = 503


class BadRows(DataError):
    """A load was refused because of its bad rows; `rows` holds all of them."""

    def __init__(self, text: str, rows: Sequence[BadRow] = ()) -> None:
        super().__init__(text)
        self.rows = tuple(rows)


class RowsLost(DataError):
    """A load was refused because a table would lose more of its rows than it may."""


class BadSource(DataError):
    """A source that cannot be read at all."""


class SourceUnavailable(DataError):
    """What holds the data cannot be reached, or went away while it was read."""

    status = 503


class JobFailed(DataError):
    """A service could not make the files that were asked for."""


class JobExpired(DataError):
    """A service no longer has the files that were asked for."""


class LoadConflict(DataError):
    """Another load or clean-up is running."""


class RunError(RollbookError):
    """The life of a run."""


class RunNotFound(RunError):
    """There is no such run."""

    status = 404
    exit_status = 2


class RunNotAbortable(RunError):
    """The run has ended already."""

    status = 404


class FileNotFound(RollbookError):
    """There is no such report file."""

    status = 404


class AccessDenied(RollbookError):
    """Who asks may not."""

    status = 401


class NotAuthenticated(AccessDenied):
    """There is no token."""


class InvalidToken(AccessDenied):
    """The token is unknown, or its user is gone."""


class RevokedToken(InvalidToken):
    """The token was revoked."""


class ExpiredToken(InvalidToken):
    """The token's time is over."""

    def __init__(self, message: str, expired_at: datetime) -> None:
        super().__init__(message)
        self.expired_at = expired_at


class InsufficientScopes(AccessDenied):
    """The token's scopes leave out this call."""


class InvalidMasquerade(AccessDenied):
    """The user to act as is unknown, or may not be acted as."""


class NotPermitted(AccessDenied):
    """The token is valid but lacks the permission."""

    status = 403


class ConfigurationError(RollbookError):
    """Settings that do not fit together."""

    exit_status = 2


class CredentialsRefused(ConfigurationError):
    """A service does not take the credentials that are set, or they may not do this."""
