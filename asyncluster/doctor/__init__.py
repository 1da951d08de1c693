"""`asyncluster doctor`: what is wrong or unsafe on this machine, and the fix.

A process of its own that looks at all the others, so it may know every part of the package. It changes nothing.
Each module is one topic: its facts, `look` that gathers them, and `judge`, a pure function from facts to findings.
"""
