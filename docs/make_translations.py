"""Makes the windows' translations: `python docs/make_translations.py`.

Takes the words from the source into `resources/translations/*.ts` (pylupdate6) and compiles these to the `*.qm` that
the programs load (lrelease, of Debian's qt6-l10n-tools). Both are kept under version control, so nobody else needs
the tools; tests say when they are out of date.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "translations"
LANGUAGES = ("de", "fr", "es")

#: Where the words of the windows are.
SOURCES = ("asyncluster/core/qt", "asyncluster/ndm/greeter", "asyncluster/ndm/timebar")


def main() -> int:
    """Updates the sources of every language, then compiles them."""
    lrelease = shutil.which("lrelease") or shutil.which("lrelease", path="/usr/lib/qt6/bin")
    if lrelease is None:
        print("lrelease is missing: apt install qt6-l10n-tools", file=sys.stderr)
        return 1
    for language in LANGUAGES:
        words = FOLDER / f"asyncluster_{language}.ts"
        extract(words)
        subprocess.run([lrelease, "-silent", str(words), "-qm", str(words.with_suffix(".qm"))], check=True)
    return 0


def extract(words: Path) -> None:
    """Brings the file of one language up to date with the source; translations that it has stay."""
    files = sorted(str(path.relative_to(ROOT)) for folder in SOURCES for path in (ROOT / folder).glob("*.py"))
    command = [sys.executable, "-m", "PyQt6.lupdate.pylupdate", "--no-obsolete", "--no-summary", "--ts", str(words)]
    subprocess.run([*command, *files], cwd=ROOT, check=True)
    # Where in the source a word stands changes all the time and tells a translator little.
    lines = words.read_text(encoding="utf-8").splitlines(keepends=True)
    words.write_text("".join(line for line in lines if "<location " not in line), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
