"""Reading everything that an account shows, page by page, for reconciliation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

#: Listings in a page that an adapter does not make itself.
PAGE_ROWS = 200


@dataclass(frozen=True)
class CataloguePage:
    """Some of the channel's listings.

    :param listings: :class:`~.base.ChannelListing`, ``key`` ""
    :param cursor: JSON types; handed back it goes on after this page, also in another
        process. None = it cannot be gone on with, only begun again
    :param retry_after: seconds; nothing is there yet because the channel prepares it:
        come back with ``cursor``
    """

    listings: Sequence = ()
    cursor: Mapping | None = None
    retry_after: float | None = None


class CatalogueReading:
    """What an :class:`~.base.Adapter` does to be compared, beside ``fetch_stock``."""

    #: pages of :meth:`fetch_catalogue` tell what :meth:`fetch_stock` tells: the number
    #: that is shown now, and the problems. Then a listing found there is not asked for
    #: again; else the catalogue is only searched for listings that nobody knows here.
    catalogue_shows_stock = False

    def fetch_catalogue(
        self, cursor: Mapping | None = None, count: int = 0
    ) -> Iterator[CataloguePage]:
        """Yield every listing of the configured sites, as cheaply as the channel can.

        :param cursor: of an earlier page, None = from the beginning
        :param count: how many listings there are about, which may decide on the way
        :raises TakesLong: as ``fetch_listings``
        """
        listings = iter(self.fetch_listings())
        while page := tuple(islice(listings, PAGE_ROWS)):
            yield CataloguePage(page)
