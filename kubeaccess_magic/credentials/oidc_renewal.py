"""The program that renews a token at an OIDC issuer: ``python -m kubeaccess_magic.credentials.oidc_renewal``.

`oidc` starts it. It reads the config of the auth-provider from its standard input and prints the tokens that the
official client obtains with it. What goes wrong is said on its standard error.
"""

from __future__ import annotations

import json
import logging
import ssl
import sys
import warnings
from typing import Any

__all__ = ["main"]


def main() -> int:
    """Renew the token; returns the exit code."""
    logging.disable()
    warnings.simplefilter("ignore")
    config = json.load(sys.stdin)
    if "idp-certificate-authority" not in config:  # without one the official client would trust anybody
        import certifi  # the client brings it

        config["idp-certificate-authority"] = certifi.where()
    from kubernetes import client
    from kubernetes import config as kubeconfigs

    document = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
        "clusters": [{"name": "here", "cluster": {"server": "https://nowhere.invalid"}}],
        "users": [{"name": "here", "user": {"auth-provider": {"name": "oidc", "config": config}}}],
    }
    loader: Any = kubeconfigs  # some versions have types, some not
    try:
        loader.load_kube_config_from_dict(document, client_configuration=client.Configuration(), persist_config=False)
    except Exception as error:  # whatever the client, oauthlib and requests raise is said in one line
        first: BaseException = error
        while first.__context__ is not None:
            first = first.__context__
        print(f"{type(first).__name__}: {first}", file=sys.stderr)
        if isinstance(first, ssl.SSLCertVerificationError):
            print("`idp-certificate-authority` of the auth-provider is where an issuer's own CA goes", file=sys.stderr)
        return 1
    json.dump({field: config[field] for field in ("id-token", "refresh-token")}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
