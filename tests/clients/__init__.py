"""Tests that must hold with every version of the official client that the package allows; see `make test-clients`."""
