from __future__ import annotations

import importlib.util
import re
import xml.etree.ElementTree as ET

import pytest
from PyQt6.QtCore import QCoreApplication, QTranslator

from asyncluster.core.qt.translations import LANGUAGES, speak
from asyncluster.core.resources import resource

DOCS = resource("translations").parents[1] / "docs"
OTHERS = [language for language in LANGUAGES if language != "en"]


def words_in(text: str) -> dict[tuple[str, str, str], str]:
    """(context, source, comment) to translation."""
    found = {}
    for context in ET.fromstring(text).iter("context"):
        for message in context.iter("message"):
            key = (context.findtext("name"), message.findtext("source"), message.findtext("comment") or "")
            translation = message.find("translation")
            found[key] = "" if translation.get("type") else translation.text or ""
    return found


def source_of(language: str) -> dict[tuple[str, str, str], str]:
    return words_in(resource(f"translations/asyncluster_{language}.ts").read_text(encoding="utf-8"))


@pytest.fixture
def spoken(qapp):
    """Makes the application speak a language for the time of a test."""
    yield lambda language: speak(qapp, language)
    for translator in qapp.findChildren(QTranslator):
        qapp.removeTranslator(translator)
        translator.deleteLater()


@pytest.fixture(scope="module")
def present(tmp_path_factory):
    """The words that are in the source now."""
    spec = importlib.util.spec_from_file_location("make_translations", DOCS / "make_translations.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    words = tmp_path_factory.mktemp("ts") / "asyncluster_xx.ts"
    make.extract(words)
    return set(words_in(words.read_text(encoding="utf-8")))


@pytest.mark.parametrize("language", OTHERS)
def test_every_string_of_the_source_is_translated_and_no_other(present, language):
    words = source_of(language)
    assert set(words) == present
    assert [key for key, translation in words.items() if not translation] == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_their_places(language):
    for (_context, source, comment), translation in source_of(language).items():
        if not comment:
            assert sorted(re.findall(r"\{\w*\}", source)) == sorted(re.findall(r"\{\w*\}", translation))


@pytest.mark.parametrize("language", OTHERS)
def test_what_the_programs_load_is_what_was_translated(spoken, language):
    assert spoken(language) == language
    for (context, source, comment), translation in source_of(language).items():
        assert QCoreApplication.translate(context, source, comment) == translation


@pytest.mark.parametrize("wish", ["", "xx", "C", "en_GB.UTF-8", "../../etc/passwd", "d\0e"])
def test_what_nobody_speaks_is_english(qapp, wish):
    assert speak(qapp, wish) == "en"
