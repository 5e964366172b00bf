"""The auth flow: how requests to an API server are signed, with tokens, certificates, plugins and impersonation.

A `Credential` reads its secrets from where its `Context` says they stand, when a request is signed. They are held
here alone (a plugin's for all Clusters of the process), and are in no repr, pickle, message or log. It reads again when
a file has changed on disk, once a minute for a token file (G20), a little before a plugin's answer expires, and after
a 401. What kubectl does and what we do is in `kubeconfig/KUBECTL.md` (G20 to G29).
"""

from .credential import PLUGIN_LIMIT_S, Credential, for_context
from .relayed import RelayedAuth
from .signature import AuthFlow, ClientCertificate, Signature

__all__ = [
    "PLUGIN_LIMIT_S",
    "AuthFlow",
    "ClientCertificate",
    "Credential",
    "RelayedAuth",
    "Signature",
    "for_context",
]
