"""Exec, attach, port-forward and logs: what the API server itself answers (W6, W7, W11, W13).

The streams are served by the kubelet, and the demo's kubelets serve none yet: where the real server would connect to
one, the answer is 501.
"""
