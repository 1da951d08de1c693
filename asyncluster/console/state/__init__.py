"""What is shown and how it is said, without Qt and without Twisted."""
