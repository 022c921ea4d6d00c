"""Settings: flags before `ROLLBOOK_...` variables before `rollbook.toml` before defaults."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rollbook.bucket import Bucket, bucket_at
from rollbook.engines.duck import DuckLimits, share_of_memory
from rollbook.engines.engine import Source
from rollbook.engines.lake import Lake
from rollbook.engines.lake_place import LakePlace, LocalPlace, SharedPlace
from rollbook.engines.postgres import Postgres
from rollbook.errors import ConfigurationError
from rollbook.load.dap.service import DEFAULT_URL, DapService
from rollbook.reports.registry import Registry, registry
from rollbook.reports.scope import Host

_SIZE = re.compile(r"[0-9]+(\.[0-9]+)? ?([KMGT]i?)B", re.IGNORECASE)


def _size(text: str) -> str:
    if not _SIZE.fullmatch(text):
        raise ValueError(f"{text!r} is no size. Write a number and a unit, as 500MB or 2GB.")
    return text


Size = Annotated[str, AfterValidator(_size)]
"""An amount of memory or disk."""


class Settings(BaseSettings):
    """What an installation can set; every field is also a variable `ROLLBOOK_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix="ROLLBOOK_",
        toml_file="rollbook.toml",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    data: Path = Field(
        default=Path("rollbook-data"), description="The folder of everything Rollbook keeps."
    )
    database_url: str | None = Field(
        default=None,
        # It may hold a password.
        repr=False,
        pattern=r"^postgres(ql)?://",
        description="A Postgres for state and catalogue, which many machines share.",
    )
    files_url: str | None = Field(
        default=None,
        repr=False,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]*[a-z0-9](/|$)",
        description="A bucket for report files and the lake's, which many machines share.",
    )
    source: str | None = Field(
        default=None,
        # It may hold a password.
        repr=False,
        description="A Postgres database with Canvas's tables, read in place of the lake.",
    )
    host: str = Field(default="127.0.0.1", description="The address the server listens on.")
    port: int = Field(default=3000, ge=0, le=65535, description="The port the server listens on.")
    host_name: str = Field(
        default="", description="The institution's host name in links reports print."
    )
    trusted_roots: dict[int, str] = Field(
        default_factory=dict, description="Consortium root accounts: id to host name."
    )
    shard: int = Field(
        default=0, ge=0, description="The shard number in ids across shards; 0 for no shards."
    )
    spaced_hash_arrows: bool = Field(
        default=False, description='Print dictionaries as Ruby 3.4 does: `{"a" => 1}`.'
    )
    memory_limit: Size | None = Field(
        default=None,
        description="Memory a run's engine may use, as `2GB`; by default what there is, shared.",
    )
    spill_limit: Size | None = Field(
        default=None, description="Temporary disk a run may use when memory is short, as `20GB`."
    )
    run_minutes: float = Field(
        default=360, gt=0, description="How long a run may work before it is ended with an error."
    )
    threads: int | None = Field(default=None, ge=1, description="Threads a run's engine may use.")
    workers: int = Field(default=1, ge=0, description="Worker processes that `serve` starts.")
    runs_per_worker: int = Field(default=2, ge=1, description="Runs one worker does at a time.")
    duplicate_check: bool = Field(
        default=False, description="Answer 409 to a start equal to a run that has not ended."
    )
    reuse: bool = Field(
        default=True, description="Complete equal requests on equal data with the same bytes."
    )
    runs_per_account: int | None = Field(
        default=None, ge=1, description="Runs of one account that workers do at a time."
    )
    runs_per_report: int | None = Field(
        default=None, ge=1, description="Runs of one report type that workers do at a time."
    )
    runs_per_report_of: dict[str, int] = Field(
        default_factory=dict, description="As `runs_per_report`, for single report types."
    )
    keep_files_days: int | None = Field(
        default=None, ge=0, description="Days that report files are kept; for ever by default."
    )
    keep_files_days_of: dict[str, int] = Field(
        default_factory=dict, description="As `keep_files_days`, for single report types."
    )
    link_hours: int = Field(
        default=24,
        ge=1,
        le=24 * 365,
        description="How long a link to a file is good at least; at most twice as long.",
    )
    times_in_utc: bool = Field(
        default=False, description="Show times in UTC, not in the zone of the user or the root."
    )
    keep_days: int = Field(
        default=30, ge=0, description="Snapshots younger than this stay when others are expired."
    )
    keep_snapshots: int = Field(
        default=10, ge=1, description="So many of the newest snapshots stay whatever their age."
    )
    cors_origins: list[str] = Field(
        default_factory=list, description="Web origins whose pages may call the API."
    )
    disabled_reports: list[str] = Field(
        default_factory=list, description="Report types that are not offered."
    )
    reports_folder: Path | None = Field(
        default=None, description="Where further modules of reports lie, `*.py`."
    )
    institution_name: str = Field(
        default="Institution", description="The root account's name when data come from SIS CSV."
    )
    default_time_zone: str = Field(
        default="America/Denver", description="The root account's zone when data come from SIS CSV."
    )
    sis_roles: dict[str, str] = Field(
        default_factory=dict, description="Custom roles in SIS CSV: name to base role type."
    )

    account_settings: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings of the root accounts where the data lack them (Canvas Data 2).",
    )

    dap_url: str = Field(
        default=DEFAULT_URL, description="The service that `sync canvas-data` asks."
    )
    dap_client_id: SecretStr | None = Field(
        default=None, description="The client id for that service."
    )
    dap_client_secret: SecretStr | None = Field(
        default=None, description="The client secret for that service."
    )

    @property
    def dap_service(self) -> DapService:
        """The Canvas Data service, with the credentials for it.

        Raises:
            ConfigurationError: credentials are missing, or the address cannot be used.
        """
        if not self.dap_client_id or not self.dap_client_secret:
            raise ConfigurationError(
                "Set ROLLBOOK_DAP_CLIENT_ID and ROLLBOOK_DAP_CLIENT_SECRET, or dap_client_id and "
                "dap_client_secret in rollbook.toml, to the key that Instructure's identity "
                "service gave you for Canvas Data."
            )
        return DapService(
            self.dap_url,
            self.dap_client_id.get_secret_value(),
            self.dap_client_secret.get_secret_value(),
        )

    @property
    def lake(self) -> Lake:
        return Lake(
            self.data,
            limits=DuckLimits(
                self.memory_limit, self.threads, self.data / "spill", self.spill_limit
            ),
            elsewhere=self._lake_elsewhere,
        )

    @property
    def _lake_elsewhere(self) -> LakePlace | None:
        if self.database_url is None and self.bucket is None:
            return None
        data = self.bucket or self.data / "lake"
        if self.database_url is not None:
            return SharedPlace(self.database_url, data)
        return LocalPlace(self.data / "lake.sqlite", data)

    @cached_property
    def bucket(self) -> Bucket | None:
        """The bucket of files; None where they lie in the data folder.

        Raises:
            ConfigurationError: there are no credentials for it.
        """
        return None if self.files_url is None else bucket_at(self.files_url)

    @property
    def tables(self) -> Source:
        """Where reports find their tables: the database that was named, else the lake.

        Raises:
            ConfigurationError: what was named is no address of a database.
        """
        return self.lake if self.source is None else Postgres(self.source)

    @property
    def tables_of_a_worker(self) -> Source:
        """As `tables`, within the memory of one of several runs at a time."""
        if self.memory_limit is not None or self.source is not None:
            return self.tables
        share = share_of_memory(max(self.workers, 1) * self.runs_per_worker)
        return replace(self.lake, limits=replace(self.lake.limits, memory=share))

    @property
    def reports(self) -> Registry:
        """All report types.

        Raises:
            ConfigurationError: a module of reports cannot be used.
        """
        return registry(self.reports_folder).without(self.disabled_reports)

    @property
    def report_host(self) -> Host:
        return Host(
            name=self.host_name,
            trusted_roots=self.trusted_roots,
            shard=self.shard,
            spaced_hash_arrows=self.spaced_hash_arrows,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**flags: Any) -> Settings:
    """The settings in force; flags that are None were not given.

    Raises:
        ConfigurationError: a setting has a value it cannot have, or is unknown.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors()
        )
        raise ConfigurationError(f"A setting cannot be used: {problems}") from error
