"""The languages of the windows: English in the source, the others from `resources/translations/*.qm`."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication, QTranslator

from asyncluster.core.resources import resource

#: Language codes that the windows speak. English needs no file.
LANGUAGES = ("en", "de", "fr", "es")


def speak(app: QCoreApplication, language: str) -> str:
    """Makes `app` speak `language`, a code such as "de" or a locale such as "de_CH.UTF-8"; English else.

    To be called before windows are made. Returns the code of the language that is spoken.
    """
    code = language.replace("-", "_").split("_")[0].split(".")[0].lower()
    if code not in LANGUAGES or code == "en":
        return "en"
    translator = QTranslator(app)
    if not translator.load(str(resource(f"translations/asyncluster_{code}.qm"))):
        return "en"
    app.installTranslator(translator)
    return code
