"""Lists and dictionaries as Ruby prints them (courses_and_tools.md, 1.9)."""

from __future__ import annotations

from typing import Any

import pytest

from rollbook.canvas.ruby_text import ruby_text
from rollbook.canvas.serialized import decode_as_ruby


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        (["a", "b"], '["a", "b"]'),
        ({"k": 1, "l": [2.5, 3.0, True, None]}, '{"k"=>1, "l"=>[2.5, 3.0, true, nil]}'),
        ({"a": {"b": {}}}, '{"a"=>{"b"=>{}}}'),
        (['say "hi" \\ \n\r\t'], r'["say \"hi\" \\ \n\r\t"]'),
        (["#{x} #$y #@z # a#"], r'["\#{x} \#$y \#@z # a#"]'),
        (["\x1b\a\b\v\f\x7f\x01"], r'["\e\a\b\v\f\x7F\u0001"]'),
        (["naïve 作品 'x'"], "[\"naïve 作品 'x'\"]"),
    ],
)
def test_a_structure_prints_as_in_ruby(value: Any, text: str) -> None:
    assert ruby_text(value) == text


@pytest.mark.parametrize(
    ("yaml", "older", "newer"),
    [
        ("---\nk: v\nn: 1\n", '{"k"=>"v", "n"=>1}', '{"k" => "v", "n" => 1}'),
        ("---\n:k: :v\n", "{:k=>:v}", "{k: :v}"),
        ('---\n:"a b": 1\n', '{:"a b"=>1}', '{"a b": 1}'),
        ("---\n':k': ! ':v'\n", '{":k"=>":v"}', '{":k" => ":v"}'),
        ("--- !ruby/hash:X\nk: !ruby/symbol v\n", '{"k"=>:v}', '{"k" => :v}'),
        ('{":k": ":v"}', '{":k"=>":v"}', '{":k" => ":v"}'),
    ],
)
def test_symbols_and_texts_are_told_apart(yaml: str, older: str, newer: str) -> None:
    structure = decode_as_ruby(yaml)
    assert ruby_text(structure) == older
    assert ruby_text(structure, spaced_arrows=True) == newer
