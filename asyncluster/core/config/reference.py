"""The page `docs/configuration.md`, made from the declared keys.

Written anew by `python -m asyncluster.core.config.reference > docs/configuration.md`.
"""

from __future__ import annotations

import sys

from asyncluster.core.config.keys import SECTIONS, Key, Role, Section

_INTRODUCTION = """\
# Configuration

<!-- Made by `python -m asyncluster.core.config.reference`; change asyncluster/core/config/keys.py instead. -->

One INI file configures a machine: the one named by `--config FILE`, else by `$ASYNCLUSTER_CONF`, else
`/etc/asyncluster.conf`. `asyncluster config init` writes a complete, commented one with fresh passwords, and
`asyncluster config check` tells everything that is wrong with one. Master and nodes may share the same file: the
master needs `[server]`, `[common]` and the login in `[client]`; a node needs `[client]`, `[common]` and, if people
log in at its screen, `[display]`.

* Lines are `key = value`, a `[section]` or a `# comment`. Upper and lower case of keys do not matter. Lists have
  commas; a long list may go on over indented lines.
* A ` # comment` behind a value and matching quotes around it are dropped, except in passwords, which are taken
  literally: everything after the `=`.
* A password `key:` and 43 characters of base64url, as `asyncluster config init` makes them, is a random key of 256
  bits. It is not stretched, which makes starts faster; so never think one up.
* Times look like `30 s`, `15 min` or `1 h`; sizes like `2 GB` (powers of ten) or `512 MiB` (powers of two).
* Unknown keys and sections, keys set twice, and values out of range are refused, all at once and with their lines.
  So are empty passwords, the placeholders of the template, and a server password that equals the client password.
* A file that its group or others can write, or that belongs to somebody else than root or the user who starts the
  program, is refused. One that everybody can read is warned about: it holds passwords. Root's usual choice is
  owner `root`, group `asyncluster`, mode 0640.
* Programs read the file once, when they start. Exit code 78 means that they refuse it.
"""
_READERS = {Role.MASTER: "Read by the master.", Role.NODE: "Read by nodes.", Role.ALL: "Read by master and nodes."}


def markdown() -> str:
    """The whole page."""
    return "\n".join((_INTRODUCTION, *(_table(section) for section in SECTIONS)))


def _table(section: Section) -> str:
    rows = "".join(_row(key) for key in section.keys)
    heading = f"## [{section.name}]\n\n{section.description} {_READERS[section.used_by]}\n"
    return f"{heading}\n| key | default | meaning |\n|---|---|---|\n{rows}"


def _row(key: Key) -> str:
    meaning = key.description
    if key.shared:
        meaning += " The master needs it, too."
    if key.example:
        meaning += f" Example: `{key.example}`"
    return f"| `{key.name}` | {_default(key)} | {meaning} |\n"


def _default(key: Key) -> str:
    if key.default is None:
        return "required"
    return key.default if key.derived else f"`{key.default}`"


if __name__ == "__main__":
    sys.stdout.write(markdown())
