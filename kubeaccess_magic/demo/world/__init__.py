"""The world inside: which objects there are, and which app listens at which address."""
