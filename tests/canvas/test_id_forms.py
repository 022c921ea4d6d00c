"""The forms of ids (api.md, section 4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.canvas.id_forms import IdForm, parse_id_form


@pytest.mark.parametrize(
    ("text", "thing", "expected"),
    [
        ("12", "account", IdForm("id", "12")),
        (" 12 ", "account", IdForm("id", "12")),
        ("self", "account", IdForm("word", "self")),
        ("self", "term", None),
        ("current", "term", IdForm("word", "current")),
        (" current", "term", None),
        ("sis_account_id:A:b", "account", IdForm("sis", "A:b")),
        ("sis_term_id:A", "account", None),
        ("sis_integration_id:I", "course", IdForm("integration", "I")),
        ("hex:sis_account_id:666F6F", "account", IdForm("sis", "foo")),
        ("hex:sis_account_id:666F6", "account", None),
        ("hex:sis_account_id:FF", "account", None),
        ("lti_context_id:x", "account", IdForm("lti_context_id", "x")),
        ("lti_context_id:x", "term", None),
        ("uuid:short", "account", None),
        (f"uuid:{'a' * 40}", "account", IdForm("uuid", "a" * 40)),
        ("sis_login_id:Ada", "user", IdForm("login", "Ada")),
        ("sis_account_id:", "account", None),
        ("9" * 19, "account", None),
        ("9" * 20, "account", None),
        ("-1", "account", None),
        ("1~2", "account", None),
        ("", "account", None),
    ],
)
def test_an_id_form_is_read(text: str, thing: str, expected: IdForm | None) -> None:
    assert parse_id_form(text, thing) == expected


@given(st.text())
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    form = parse_id_form(text, "account")
    assert form is None or form.value


@given(st.text(min_size=1).filter(lambda text: text == text.strip()))
def test_a_hex_form_means_what_it_encodes(sis_id: str) -> None:
    encoded = sis_id.encode().hex()
    assert parse_id_form(f"hex:sis_account_id:{encoded}", "account") == IdForm("sis", sis_id)
