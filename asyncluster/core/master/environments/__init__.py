"""Environments at the master: the wheels on its disk, uploads, and the way to the nodes."""
