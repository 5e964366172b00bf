"""The user to act as (G28, G29): from arguments and the kubeconfig to headers."""

from __future__ import annotations

import re

from ..errors import ConfigError
from ..kubeconfig import Context, Impersonate
from .sign_in import header_value

__all__ = ["impersonation_headers"]


def impersonation_headers(context: Context, override: Impersonate) -> tuple[tuple[str, str], ...]:
    """The ``Impersonate-…`` headers; names of extra fields are percent-encoded, values are UTF-8.

    Parameters
    ----------
    context
        Its kubeconfig may name a user to act as.
    override
        What replaces each part of that, where it is not empty.

    Raises
    ------
    ConfigError
        There are groups, a uid or extra fields without a user.
    CredentialError
        A name cannot be sent in a header.
    """
    user = _user_to_act_as(context, override)
    pairs = [("Impersonate-User", user.user)] if user.user else []
    pairs += [("Impersonate-Uid", user.uid)] if user.uid else []
    pairs += [("Impersonate-Group", group) for group in user.groups]
    for key, values in user.extra:
        escaped = re.sub(rb"[^!#$&'*+.^_`|~0-9A-Za-z-]", lambda byte: b"%%%02X" % ord(byte[0]), key.encode())
        pairs += [("Impersonate-Extra-" + escaped.decode(), value) for value in values]
    return tuple((name, header_value(value, f"{name} has a value")) for name, value in pairs)


def _user_to_act_as(context: Context, override: Impersonate) -> Impersonate:
    written = context.impersonate or Impersonate()
    user = Impersonate(
        override.user or written.user, override.uid or written.uid, override.groups or written.groups, written.extra
    )
    if user != Impersonate() and not user.user:
        where = f"user {context.user!r} of {context.user_file}: " if written != Impersonate() else ""
        raise ConfigError(f"{where}groups are impersonated only together with a user", hint="name one, `--as USER`")
    return user
