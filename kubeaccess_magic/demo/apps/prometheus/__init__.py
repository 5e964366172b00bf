"""An app that answers like Prometheus; its series are computed from the world."""
