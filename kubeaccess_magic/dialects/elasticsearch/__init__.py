"""Elasticsearch and OpenSearch: searches, aggregations, ``_cat``, ``_count``, cluster health."""

from __future__ import annotations

from .dialect import MOST_HITS, Elasticsearch

__all__ = ["MOST_HITS", "Elasticsearch", "dialect"]

dialect = Elasticsearch()
