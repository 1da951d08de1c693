"""What stands on a display from the start of its X server to its end: a greeter, or a person's session."""
