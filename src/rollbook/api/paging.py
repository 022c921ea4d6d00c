"""Pages of a list, and the Link header that leads from one to the next (api.md, section 10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from starlette.exceptions import HTTPException

from rollbook.api.call import Call

_DEFAULT_SIZE = 10
_LARGEST_SIZE = 100
_NOT_REPEATED = frozenset({"page", "per_page", "access_token", "api_key"})
_LARGEST_PAGE = 10**9

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        return items[self.offset : self.offset + self.size]


def page_of(call: Call) -> Page:
    """The page a request asks for; a number that is none is a path that leads nowhere."""
    number = str(call.parameters.get("page") or "1")
    if not (number.isascii() and number.isdigit() and 0 < int(number[:12]) <= _LARGEST_PAGE):
        raise HTTPException(404)
    return Page(int(number), _size(call.parameters.get("per_page")))


def link_header(call: Call, page: Page, total: int) -> dict[str, str]:
    """The Link header of one page of a list of `total` items."""
    last = max(1, -(-total // page.size))
    address = _address(call)
    links = ",".join(
        f'<{address}page={number}&per_page={page.size}>; rel="{name}"'
        for name, number in _numbers(page, last)
    )
    return {"Link": links}


def _numbers(page: Page, last: int) -> Iterator[tuple[str, int]]:
    yield "current", page.number
    if page.number < last:
        yield "next", page.number + 1
    if page.number > 1:
        yield "prev", page.number - 1
    yield "first", 1
    yield "last", last


def _address(call: Call) -> str:
    """The address of the list, up to where its page is named."""
    kept = [
        (name, value)
        for name, value in parse_qsl(call.request.url.query, keep_blank_values=True)
        if name not in _NOT_REPEATED
    ]
    query = f"{urlencode(kept, quote_via=quote)}&" if kept else ""
    # Clients split the header at commas and semicolons.
    path = call.request.scope["path"].replace(",", "%2C").replace(";", "%3B")
    return f"{call.base_url}{path}?{query}"


def _size(value: object) -> int:
    if value in (None, ""):
        return _DEFAULT_SIZE
    text = str(value)
    number = int(text[:9]) if text.isascii() and text.isdigit() else 1
    return min(max(number, 1), _LARGEST_SIZE)
