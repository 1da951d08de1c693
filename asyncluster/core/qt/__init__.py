"""What the Qt programs (greeter, time bar, console) share: Twisted in Qt's event loop, and how everything looks."""
