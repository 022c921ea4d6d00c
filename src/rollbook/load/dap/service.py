"""Which DAP service is asked, and as whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from rollbook.errors import ConfigurationError

DEFAULT_URL = "https://api-gateway.instructure.com"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class DapService:
    """An address and the credentials for it.

    Raises:
        ConfigurationError: it is no address, or one to which the secret would travel in the open.
    """

    url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _is_safe(self.url):
            raise ConfigurationError(
                f"dap_url must be an address that begins with https://, as {DEFAULT_URL}."
            )

    @property
    def host(self) -> str:
        """What messages call it."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK
    return parts.scheme == "https" and bool(parts.hostname)
