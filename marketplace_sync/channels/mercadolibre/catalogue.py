"""Every listing of a seller, one scroll page (100 ids) after the other."""

from ..catalogue import CataloguePage
from ..errors import RejectedError
from . import const


def catalogue_pages(reader, discovered, cursor=None):
    """Yield :class:`CataloguePage`.

    A scroll lives 5 minutes [items-y-busquedas, 10/09/2026]; one that is refused when
    it is gone on with has died, and is begun again. Closed items are left out.

    :param discovered: makes listings of an item's JSON, given the SKUs seen so far
    :param cursor: ``{"scroll_id"}`` of an earlier page
    """
    seen, ids_before = {}, []
    scroll = dict(cursor or {})
    while True:
        page, begun_again = _scroll_page(reader, scroll)
        ids = page.get("results") or []
        if not ids or (ids == ids_before and not begun_again):
            return
        listings = [
            listing
            for item in reader.items(ids).values()
            if item and item.get("status") != "closed"
            for listing in discovered(reader.with_skus(item), seen)
        ]
        ids_before, scroll = ids, {"scroll_id": page.get("scroll_id")}
        has_more = bool(scroll["scroll_id"])
        yield CataloguePage(tuple(listings), scroll if has_more else None)
        if not has_more:
            return


def _scroll_page(reader, scroll):
    """Return ``(page, whether the scroll was begun again)``."""
    fixed = {"search_type": "scan", "limit": const.SEARCH_LIMIT}
    try:
        return reader.search(**fixed, **scroll), False
    except RejectedError:
        if not scroll:
            raise
        return reader.search(**fixed), True
