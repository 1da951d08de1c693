"""X servers: their cookies, how they are started and when they are started again."""
