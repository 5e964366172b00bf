"""Tests against a real kube-apiserver, with real apps behind it, in a network namespace of their own."""
