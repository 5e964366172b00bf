"""Exec, attach, port-forward and logs: what the API server itself says to them (W6, W7, W11, W13).

The streams themselves are the kubelet's part, and there is none yet: where the real server would now speak to one, the
answer is 501.
"""
