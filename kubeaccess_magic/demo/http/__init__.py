"""A low-level HTTP/1.1 server: raw targets, repeated headers, cut connections, bodies streamed both ways."""
