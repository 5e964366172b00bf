"""InfluxDB: the paths that are read."""

from __future__ import annotations

from .app import App, AppPath, Question

__all__ = ["INFLUXDB"]

INFLUXDB = App(
    paths=(
        AppPath("query", "a query in InfluxQL", ("db", "q", "epoch", "rp")),
        AppPath("api/v2/query", "a query in Flux: the cell, by POST", ("org",)),
        AppPath("api/v2/buckets", "the buckets of version 2", ("org", "limit", "offset")),
        AppPath("health", "whether it works, and its version"),
        AppPath("ping", "whether it lives"),
        AppPath("metrics", "its own metrics"),
    ),
    parameters={
        "db": "the database",
        "q": "InfluxQL: SELECT mean(usage) FROM cpu WHERE time > now() - 1h GROUP BY host",
        "epoch": "unit of times: ns, u, ms, s; as text if left out",
        "rp": "the retention policy",
        "org": "the organization",
    },
    values={"epoch": ("ns", "u", "ms", "s")},
    questions=(
        Question("Databases", "query", (("q", "SHOW DATABASES"),)),
        Question("Health and version", "health"),
    ),
)
