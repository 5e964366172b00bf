"""The summary of a kubelet, ``/stats/summary``: one row for the node, each part of it, each pod and each container.

The source is k8s.io/kubelet/pkg/apis/stats/v1alpha1. ``level`` says what a row is about, so that no sum counts a
container twice: ``node``, ``system`` (a part of the node, such as ``kubelet``), ``pod`` or ``container``.
"""

from __future__ import annotations

from .measures import COLUMNS
from .reader import SummaryReader, is_summary

__all__ = ["COLUMNS", "SummaryReader", "is_summary"]
