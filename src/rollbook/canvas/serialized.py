"""Columns that hold a structure as text: YAML as Ruby writes it, or JSON (data_sources.md, 1.1)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
import yaml

_JSON_START = ("{", "[", '"')


def decode(text: Any) -> Any:
    """The structure a serialized column holds; None for NULL, blank and unreadable text.

    Keys and symbols lose one leading colon, texts keep theirs. Nothing of Ruby is ever built:
    unknown objects are None.
    """
    try:
        return _without_colons(_structure(text))
    except RecursionError:
        return None


class Symbol(str):
    """A Ruby symbol, without its colon; as a text it equals the text of its letters."""

    __slots__ = ()


def decode_as_ruby(text: Any) -> Any:
    """As `decode`, but keys stay as they are and symbols are told from texts."""
    return _structure(text)


def _structure(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    stripped = text.strip()
    if not stripped:
        return None
    if stripped.startswith(_JSON_START):
        try:
            value = json.loads(stripped)
        except RecursionError:
            return None
        except ValueError:
            pass
        else:
            return _structure(value) if isinstance(value, str) else value
    try:
        return yaml.load(text, Loader=_RubyLoader)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def decode_mapping(text: Any) -> Mapping[str, Any]:
    """As `decode`, for columns that hold a hash; empty when it is none."""
    value = decode(text)
    return value if isinstance(value, dict) else {}


def setting_text(column: ir.StringValue, key: str, values: str) -> ir.StringValue:
    """A setting's value, read by the engine out of serialized text; NULL where it is not set.

    Args:
        column: the serialized column, YAML or JSON.
        key: the setting's name, without a colon.
        values: a regular expression of the values that count.
    """
    pattern = rf"(^|[\n{{,])[ ]*[\"':]*{key}[\"']?[ ]*:[ ]*[:\"']?({values})[\"']?[ ]*($|[\n,}}])"
    return column.re_extract(pattern, 2).nullif("")


class _RubyLoader(yaml.SafeLoader):
    """A safe loader that reads what Ruby's YAML adds."""


def _construct_tagged(loader: _RubyLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        mapping = loader.construct_mapping(node, deep=True)
        return mapping.get("elements", mapping) if "with-ivars" in suffix else mapping
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


def _construct_object(loader: _RubyLoader, suffix: str, node: yaml.Node) -> Any:
    if suffix == "BigDecimal" and isinstance(node, yaml.ScalarNode):
        return float(str(node.value).partition(":")[2])
    if suffix.startswith("ActiveSupport::HashWithIndifferentAccess"):
        return _construct_tagged(loader, suffix, node)
    return None


def _construct_text(loader: _RubyLoader, suffix: str, node: yaml.Node) -> str:
    return str(node.value)


def _construct_bytes(loader: _RubyLoader, node: yaml.Node) -> str:
    # So Ruby writes texts that it knows no encoding of.
    try:
        return base64.b64decode(node.value).decode("utf-8")
    except ValueError:
        return str(node.value)


def _construct_symbol(loader: _RubyLoader, suffix: str, node: yaml.Node) -> Symbol:
    return Symbol(node.value)


def _construct_plain_text(loader: _RubyLoader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    symbol = None if node.style else _SYMBOL.fullmatch(text)
    return Symbol(symbol["quoted"] or symbol["plain"]) if symbol else text


def _construct_date(loader: _RubyLoader, node: yaml.ScalarNode) -> Any:
    # What looks like a date and is none is a text to Ruby.
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


_SYMBOL = re.compile(r""":(?:(?P<quote>["'])(?P<quoted>.+)(?P=quote)|(?P<plain>.+))""")

_RubyLoader.add_multi_constructor("!ruby/hash", _construct_tagged)
_RubyLoader.add_multi_constructor("!map", _construct_tagged)
_RubyLoader.add_multi_constructor("!ruby/object:", _construct_object)
_RubyLoader.add_multi_constructor("!ruby/sym", _construct_symbol)
_RubyLoader.add_multi_constructor("!str", _construct_text)
_RubyLoader.add_multi_constructor(
    "!binary", lambda loader, suffix, node: _construct_bytes(loader, node)
)
_RubyLoader.add_multi_constructor("!", lambda loader, suffix, node: None)
_RubyLoader.add_constructor("tag:yaml.org,2002:str", _construct_plain_text)
_RubyLoader.add_constructor("tag:yaml.org,2002:binary", _construct_bytes)
_RubyLoader.add_constructor("tag:yaml.org,2002:timestamp", _construct_date)
# A lone equals sign is a text to Ruby.
_RubyLoader.add_constructor("tag:yaml.org,2002:value", _construct_plain_text)


def _without_colons(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key).removeprefix(":"): _without_colons(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_colons(item) for item in value]
    return str(value) if isinstance(value, Symbol) else value
