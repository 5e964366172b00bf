"""The ``continue`` tokens by which a list is read page by page (F1)."""

from __future__ import annotations

from ..errors import LoadError

__all__ = ["ContinueTokens"]

_MAX_RENEWALS = 10  # a token lives for five minutes or more
_MAX_EMPTY_PAGES = 10


class ContinueTokens:
    """The tokens of one list. Each leads to the next page, and can be used once.

    A server that repeats a token, sends nothing but empty pages, or never stops to replace expired tokens would
    otherwise be asked forever.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._renewals = 0
        self._empty_pages = 0

    def use(self, token: str, *, is_empty_page: bool = False) -> str:
        """Take the token of the next page.

        Parameters
        ----------
        token
            The token from the page before.
        is_empty_page
            Whether that page has no objects.

        Returns
        -------
        str
            The token.

        Raises
        ------
        LoadError
            The list has no end: the token was used before, or ten pages in a row were empty.
        """
        if token in self._used:
            raise _endless("repeats a page of the list: its continue token was used before")
        self._empty_pages = self._empty_pages + 1 if is_empty_page else 0
        if self._empty_pages >= _MAX_EMPTY_PAGES:
            raise _endless(f"sends a list without end: {_MAX_EMPTY_PAGES} pages in a row were empty")
        self._used.add(token)
        return token

    def renew(self, token: str) -> bool:
        """Take the fresh token that a 410 carries.

        Parameters
        ----------
        token
            The token; "" if the 410 carries none.

        Returns
        -------
        bool
            Whether the list goes on with it. It does ten times at most, and never with a token that was used before.
        """
        if not token or token in self._used or self._renewals >= _MAX_RENEWALS:
            return False
        self._renewals += 1
        self._used.add(token)
        return True


def _endless(problem: str) -> LoadError:
    return LoadError(
        f"the API server {problem}",
        hint="ask again; if this happens again, the server, or a proxy before it, is faulty",
    )
