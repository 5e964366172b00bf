"""The proxy verb: finding the address behind a segment, and passing request and response through."""
