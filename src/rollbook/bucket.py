"""A folder in an S3 bucket, and what opens it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rollbook.errors import ConfigurationError

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Store

_PIECE_TIMEOUT = "30s"
_FILE_TIMEOUT = "12h"
"""A client may take a large file slowly."""
_RETRY_TIME = timedelta(seconds=30)


@dataclass(frozen=True)
class Bucket:
    """Where in an object store files lie, and the credentials for it."""

    name: str
    prefix: str
    """Ends in a slash, unless it is empty."""
    endpoint: str | None
    """The server's address; None for Amazon's own."""
    region: str
    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @property
    def is_encrypted(self) -> bool:
        """Whether the server is spoken to by TLS."""
        return self.endpoint is None or self.endpoint.startswith("https://")

    def store(self, folder: str = "") -> S3Store:
        """A folder of it, opened; what fails is tried again for a while."""
        from obstore.store import S3Store  # noqa: PLC0415 (few need it)

        config: S3Config = {
            "region": self.region,
            "access_key_id": self.key_id,
            "secret_access_key": self.secret_key,
        }
        if self.endpoint is not None:
            config["endpoint"] = self.endpoint
        if self.session_token is not None:
            config["session_token"] = self.session_token
        return S3Store(
            self.name,
            prefix=f"{self.prefix}{folder}".rstrip("/") or None,
            config=config,
            client_options={
                "allow_http": not self.is_encrypted,
                "read_timeout": _PIECE_TIMEOUT,
                "timeout": _FILE_TIMEOUT,
            },
            retry_config={"retry_timeout": _RETRY_TIME},
        )


def bucket_at(url: str, variables: Mapping[str, str] = os.environ) -> Bucket:
    """The folder at `s3://bucket/prefix`, opened by what the usual AWS variables say.

    Raises:
        ConfigurationError: the variables hold no credentials.
    """
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    key_id, secret_key = (
        variables.get(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    )
    if not key_id or not secret_key:
        raise ConfigurationError(
            "A bucket is named, but no credentials are set. Set the variables AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        )
    return Bucket(
        name=parts.netloc,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=variables.get("AWS_ENDPOINT_URL_S3") or variables.get("AWS_ENDPOINT_URL") or None,
        region=variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or "us-east-1",
        key_id=key_id,
        secret_key=secret_key,
        session_token=variables.get("AWS_SESSION_TOKEN") or None,
    )
