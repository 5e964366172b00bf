"""A query that is prepared and not sent, from the words of a Python call."""

from typing import Any

from kubeaccess_magic import Cluster
from kubeaccess_magic.engine import PreparedQuery
from kubeaccess_magic.query import Query


def prepared(cluster: Cluster, method: str, target: Any, path: str = "/", **words: Any) -> PreparedQuery:
    query = Query.of(target, path, method=method, raw=True, output="reply", **words)
    return cluster.engine.prepare(query, cluster.call())
