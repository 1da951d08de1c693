"""What the master's state looks like in the feed."""
