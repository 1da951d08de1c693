"""The login window: an unprivileged Qt program, one window on each screen, one model behind them all.

`login` decides (without Qt), `words` says it, `program` wires; the rest draws.
"""
