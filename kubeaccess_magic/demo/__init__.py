"""The embedded demo cluster: a process that behaves like a real Kubernetes API server, with apps to query behind it.

It runs as ``python -m kubeaccess_magic.demo`` and imports nothing from the rest of the package. Its behaviour is
specified rule by rule (the code cites their ids: N1, S3, T28 …) and is checked against recorded answers of the real
kube-apiserver 1.36.3 and 1.37.2.

Packages, in the order in which a request passes through them: `http` (bytes), `api` (authentication, authorization,
objects, lists, reviews), `proxy` (the proxy verb), `streams` (exec, port-forward, logs), `world` (the objects), `apps`
(what runs in the pods).
"""
