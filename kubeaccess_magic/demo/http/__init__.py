"""HTTP/1.1 byte by byte: raw targets, headers that come twice, cut connections, bodies that stream both ways."""
