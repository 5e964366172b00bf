"""The embedded demo cluster: a process that behaves as a real Kubernetes API server, with apps worth asking behind it.

It is started as ``python -m kubeaccess_magic.demo`` and imports nothing of the rest of the package. What it does is
specified rule by rule (N1, S3, T28 …: the ids are cited where a rule is kept) and held to recorded answers of the real
kube-apiserver 1.36.3 and 1.37.2.

Rooms, in the order in which a request passes them: `http` (bytes), `api` (who asks, objects, lists, reviews), `proxy`
(the proxy verb), `streams` (exec, port-forward, logs), `world` (the objects), `apps` (what runs in the pods).
"""
