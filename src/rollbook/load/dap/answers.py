"""What DAP answers, as typed values (data_sources.md, 2.9)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _check_moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time without a zone")
    return text


Moment = Annotated[str, AfterValidator(_check_moment)]
"""A time in ISO 8601 with a zone, kept as DAP wrote it: it is sent back to DAP."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Token(_Answer):
    """The right to make calls for a while."""

    access_token: str = Field(repr=False)
    expires_in: float
    """Seconds."""


class TableList(_Answer):
    """The names of the tables that can be asked for."""

    tables: tuple[str, ...]


class Problem(_Answer):
    """Why DAP did not do it."""

    type: str = ""
    message: str = ""
    uuid: str = ""
    """What its support asks for."""
    until: Moment | None = None
    """Up to when it has data, where a time was out of its range."""

    @property
    def kind(self) -> str:
        """Its type without a package in front and `Error` behind."""
        return self.type.rpartition(".")[2].removesuffix("Error")

    def __str__(self) -> str:
        said = f"{self.message or self.type or 'no reason given'}".rstrip(".")
        return f"{said} (DAP's number for it: {self.uuid})" if self.uuid else said


class Status(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


class StoredObject(_Answer):
    """One file of a job."""

    id: str


class Job(_Answer):
    """A table being made into files."""

    id: str
    status: Status
    objects: tuple[StoredObject, ...] = ()
    schema_version: int | None = None
    at: Moment | None = None
    """Of a snapshot: the moment whose state it has."""
    since: Moment | None = None
    until: Moment | None = None
    """Of an incremental: it has the changes from `since` on and before `until`."""
    error: Problem | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in {Status.COMPLETE, Status.FAILED}


class Address(_Answer):
    """Where a file can be fetched for some minutes, by anyone."""

    url: str = Field(repr=False)


class Addresses(_Answer):
    """Of objects, where they are."""

    urls: dict[str, Address]
