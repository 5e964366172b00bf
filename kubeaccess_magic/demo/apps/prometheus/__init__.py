"""An app that answers as Prometheus does, over series that follow from the world."""
