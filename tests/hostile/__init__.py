"""Programs that answer as nobody should: an app and an API server, on loopback."""
