"""An app that answers as Elasticsearch does, over log documents of a few weeks."""
