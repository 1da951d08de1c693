"""`python -m asyncluster.ndm.greeter`."""

from __future__ import annotations

import gc
import sys

gc.disable()  # until the window is up: what imports make lives on, and looking through it costs a tenth of the start

from asyncluster.ndm.greeter.program import main  # noqa: E402

sys.exit(main())
