"""Who may sit at a node, until when, and why not: plain functions of records and `now`.

Instants are whole seconds since 1970 in UTC, lengths are whole seconds. Nothing here knows a clock, a database or
a network.
"""
