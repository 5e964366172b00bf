"""An app that answers like Elasticsearch, with a few weeks of log documents."""
