"""What Grafana answers to the queries of a dashboard: frames of any data source.

- https://grafana.com/docs/grafana/latest/developers/http_api/data_source/#query-a-data-source
- https://grafana.com/developers/dataplane/contract-spec
"""

from __future__ import annotations

from .dialect import Grafana

__all__ = ["Grafana", "dialect"]

dialect = Grafana()
