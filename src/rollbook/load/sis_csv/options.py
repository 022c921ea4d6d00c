"""What a SIS CSV load needs to know that is in no file (data_sources.md, 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rollbook.errors import ConfigurationError

BUILT_IN_ROLE_IDS: Mapping[str, int] = MappingProxyType(
    {
        "AccountAdmin": 1,
        "AccountMembership": 2,
        "StudentEnrollment": 3,
        "TeacherEnrollment": 4,
        "TaEnrollment": 5,
        "DesignerEnrollment": 6,
        "ObserverEnrollment": 7,
    }
)
"""The ids that Canvas's own roles get unless told otherwise."""

BASE_ROLE_TYPES = frozenset(BUILT_IN_ROLE_IDS) - {"AccountAdmin"}
"""What a custom role can be made from."""


@dataclass(frozen=True)
class CustomRole:
    """A role that the institution added; SIS files name it but do not describe it."""

    name: str
    """As the files write it; capitals matter."""
    base_role_type: str
    """One of `BASE_ROLE_TYPES`."""
    id: int | None = None
    """Its id in Canvas, where files use it; None invents one."""


@dataclass(frozen=True, kw_only=True)
class SisOptions:
    """Settings of a SIS CSV load."""

    root_account_name: str = "Institution"
    default_time_zone: str = "America/Denver"
    """IANA name of the root account's zone; reports print times in it."""
    custom_roles: tuple[CustomRole, ...] = ()
    built_in_role_ids: Mapping[str, int] = field(default_factory=lambda: BUILT_IN_ROLE_IDS)
    skip_bad_rows: bool = False
    """Load the rest when rows are bad; by default nothing is loaded then."""
    refused_rows_file: Path | None = None
    """Where to list the bad rows, as CSV."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The time of the load (aware): new rows get it, and dates are compared with it."""
    keep_exported_xlists: bool = False
    """The files are one `sis_export_csv` result: its sections name the current course, so a
    cross-listed one is marked as coming from an unknown original course (data_sources.md, 3.4)."""
    batch_mode_term: str | None = None
    """SIS id of a term of which the files hold everything: its courses, sections and enrollments
    that no file mentions become deleted, each kind only if there is a file of it."""

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ConfigurationError("The time of a load needs a time zone, for example UTC.")
        try:
            ZoneInfo(self.default_time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ConfigurationError(
                f"There is no time zone {self.default_time_zone!r}. "
                "Give an IANA name such as Europe/London."
            ) from error
        for role in self.custom_roles:
            if role.base_role_type not in BASE_ROLE_TYPES:
                raise ConfigurationError(
                    f"The role {role.name!r} cannot be based on {role.base_role_type!r}; "
                    f"possible are {', '.join(sorted(BASE_ROLE_TYPES))}."
                )
        self._check_role_ids()

    def _check_role_ids(self) -> None:
        ids = [*self.built_in_role_ids.values()]
        ids += [role.id for role in self.custom_roles if role.id is not None]
        names = [role.name for role in self.custom_roles]
        if set(self.built_in_role_ids) != set(BUILT_IN_ROLE_IDS):
            raise ConfigurationError(
                f"Built-in roles are {', '.join(BUILT_IN_ROLE_IDS)}, all of them."
            )
        if len(set(ids)) < len(ids) or len(set(names)) < len(names):
            raise ConfigurationError(
                "Two roles have the same id, or two custom roles the same name."
            )

    @property
    def moment(self) -> datetime:
        """The time of the load as the tables hold times: UTC without zone."""
        return self.now.astimezone(UTC).replace(tzinfo=None)
