"""Elasticsearch and OpenSearch: searches, aggregations, SQL, ``_cat``, and what they say about their resources."""

from __future__ import annotations

from .dialect import Elasticsearch

__all__ = ["Elasticsearch", "dialect"]

dialect = Elasticsearch()
