"""Loki: the logs of the pods, and the part of LogQL that people type first."""
