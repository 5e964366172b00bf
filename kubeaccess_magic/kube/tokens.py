"""The ``continue`` tokens by which a list is read page by page (F1)."""

from __future__ import annotations

from ..errors import LoadError

__all__ = ["ContinueTokens"]

_MAX_RENEWALS = 10  # a token lives for five minutes or more


class ContinueTokens:
    """The tokens of one list. Each leads to the next page, and can be used once.

    A server that repeats a token, or that never stops to replace expired ones, would otherwise be asked forever.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._renewals = 0

    def use(self, token: str) -> str:
        """The token, to ask for the next page with.

        Raises
        ------
        LoadError
            The server has given this token before.
        """
        if token in self._used:
            raise LoadError(
                "the API server repeats a page of the list: its continue token was used before",
                hint="ask again; if this happens again, the server, or a proxy before it, is faulty",
            )
        self._used.add(token)
        return token

    def renew(self, token: str) -> bool:
        """Whether a list goes on with the fresh token that a 410 carries; "" stands for none.

        A list is renewed ten times at most, and never with a token that was used before.
        """
        if not token or token in self._used or self._renewals >= _MAX_RENEWALS:
            return False
        self._renewals += 1
        self._used.add(token)
        return True
