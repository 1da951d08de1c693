"""A workstation in a window, for the demo: a whole node with greeter and session, by and for one user, without root."""
