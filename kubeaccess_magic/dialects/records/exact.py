"""The rows of a page as Python values, with nothing lost, whatever form of JSON it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import answer, stated_types
from ..budget import DEFAULT, FrameBudget
from .places import Listing, listing_in

if TYPE_CHECKING:
    from ...reply import Reply

__all__ = ["listing_of"]


def listing_of(reply: Reply, where: str | None, budget: FrameBudget = DEFAULT) -> Listing:
    """Read a page and find its rows.

    Parameters
    ----------
    reply
        The page.
    where
        The path to the rows, as given by the user; None finds them. With one document per line, None means these.
    budget
        The limits on the frame.

    Raises
    ------
    LoadError
        The page is not valid JSON, or there are no rows at `where`, or two lists could be meant.
    """
    documents, has_lines = answer.documents(reply)
    if not has_lines:
        listing = listing_in(documents[0], where, reply, budget)
        if stated_types.has_decimals(listing.types):
            return listing_in(answer.json_with_decimals(reply), where, reply, budget)
        return listing
    if where in (None, "."):
        return Listing(documents)
    return Listing([row for document in documents for row in listing_in(document, where, reply, budget).records])
