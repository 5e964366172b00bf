"""The query APIs of InfluxDB: JSON of version 1, annotated CSV of version 2.

- https://docs.influxdata.com/influxdb/v1/tools/api/#query-http-endpoint
- https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/
"""

from __future__ import annotations

from .dialect import InfluxDB

__all__ = ["InfluxDB", "dialect"]

dialect = InfluxDB()
