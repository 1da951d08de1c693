"""`python -m asyncluster.ndm.greeter`."""

from __future__ import annotations

import sys

from asyncluster.core.qt.hurry import hurry

hurry()

from asyncluster.ndm.greeter.program import main  # noqa: E402

sys.exit(main())
