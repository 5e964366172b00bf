"""Elasticsearch and OpenSearch: searches, aggregations, SQL, tables, and what is told of clusters and indices."""

from __future__ import annotations

from .dialect import Elasticsearch
from .paging import MOST_HITS

__all__ = ["MOST_HITS", "Elasticsearch", "dialect"]

dialect = Elasticsearch()
