"""`python -m asyncluster.ndm.timebar`."""

from __future__ import annotations

import sys

from asyncluster.ndm.timebar.program import main

sys.exit(main())
