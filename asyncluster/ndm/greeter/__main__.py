"""`python -m asyncluster.ndm.greeter`."""

from __future__ import annotations

import sys

from asyncluster.ndm.greeter.program import main

sys.exit(main())
