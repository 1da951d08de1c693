from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire.greeter import Layout
from asyncluster.ndm.greeter import layouts

LIST = """\
! model
  pc105           Generic 105-key PC
! layout
  us              English (US)
  gb              English (UK)
  ch              German (Switzerland)
! variant
  fr              ch: French (Switzerland)
  dvorak          us: English (Dvorak)
! option
  grp             Switching to another layout
"""


def test_names_come_from_the_layouts_and_variants_alone():
    assert layouts.names_in(LIST) == {
        "us": "English (US)",
        "gb": "English (UK)",
        "ch": "German (Switzerland)",
        "ch(fr)": "French (Switzerland)",
        "us(dvorak)": "English (Dvorak)",
    }


def test_the_configuration_decides_what_is_offered():
    configured = [Layout("de", "Deutsch")]
    assert layouts.offered(configured, "us", {}) == configured


def test_otherwise_the_present_layout_comes_first_and_nothing_twice():
    offered = layouts.offered([], "gb", layouts.names_in(LIST))
    assert offered[0] == Layout("gb", "English (UK)")
    assert sorted(layout.code for layout in offered) == sorted(layouts.COMMON)
    assert [layout.code for layout in layouts.offered([], "", {})] == list(layouts.COMMON)
    assert [layout.code for layout in layouts.offered([], "us; halt", {})] == list(layouts.COMMON)


def test_a_layout_is_applied_by_a_fixed_command(monkeypatch):
    monkeypatch.setattr(layouts, "_PROGRAMS", ("/no/such", "/bin/sh"))
    assert layouts.command("ch(fr)") == ["/bin/sh", "-layout", "ch", "-variant", "fr"]
    assert layouts.command("de") == ["/bin/sh", "-layout", "de", "-variant", ""]
    monkeypatch.setattr(layouts, "_PROGRAMS", ())
    assert layouts.command("de") is None


@pytest.mark.parametrize("code", ["", "-print", "us;halt", "us()", "us us", "../../x", "us(a b)", "us\n"])
def test_what_is_no_code_is_no_argument(code):
    assert layouts.command(code) is None


@given(st.text())
def test_any_text_can_be_a_list_and_any_code_is_safe(text):
    layouts.names_in("! layout\n" + text)
    command = layouts.command(text)
    assert command is None or not any(argument.startswith("-") for argument in (command[2], command[4]))
