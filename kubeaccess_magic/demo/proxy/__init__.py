"""The proxy verb: which address a segment names, and how request and answer pass to it and back."""
