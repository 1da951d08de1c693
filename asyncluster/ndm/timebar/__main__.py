"""`python -m asyncluster.ndm.timebar`."""

from __future__ import annotations

import sys

from asyncluster.core.qt.hurry import hurry

hurry()

from asyncluster.ndm.timebar.program import main  # noqa: E402

sys.exit(main())
