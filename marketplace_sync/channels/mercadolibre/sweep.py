"""The incremental read of orders: by hour, day by day, page by page, nothing skipped.

Between two pages orders may vanish from the search (a cancellation does that) and
those behind move up: so every page begins with the last order of the page before, and
where it does not, the reading goes one page back.
"""

from datetime import timedelta
from email.utils import parsedate_to_datetime

from . import const
from .values import from_epoch, in_utc, moment


class Sweep:
    """Reads what changed since a moment.

    :param reader: an :class:`~.order_reader.OrderReader`
    :ivar watermark: the channel's clock when the reading began, or ours if that is
        behind; set after the first page
    """

    def __init__(self, reader, clock):
        self.reader = reader
        self.clock = clock
        self.watermark = None

    def pages(self, since):
        """Yield lists of search results; each order once, oldest sale first.

        What the channel's floored filter brings from before ``since`` is left out.
        """
        since, seen = in_utc(since), set()
        for start, end in windows(since, from_epoch(self.clock())):
            for rows in self._window(start, end):
                news = [r for r in rows if key(r) not in seen and is_new(r, since)]
                seen.update(key(row) for row in rows)
                if news:
                    yield news

    def _window(self, start, end):
        offset, read, gone_back = 0, set(), set()
        while True:
            body, answer = self.reader.search_orders(start, end, offset)
            self._note_time(answer)
            rows = [row for row in body["results"] if key(row).isdigit()]
            is_gap = offset and not (rows and key(rows[0]) in read)
            if is_gap and offset not in gone_back:
                gone_back.add(offset)
                offset = max(0, offset - const.ORDERS_LIMIT + 1)
                continue
            read.update(key(row) for row in rows)
            yield rows
            if offset + const.ORDERS_LIMIT >= total_of(body, offset):
                return
            offset += const.ORDERS_LIMIT - 1

    def _note_time(self, answer):
        if self.watermark is None:
            ours, theirs = from_epoch(self.clock()), date_of(answer.headers)
            self.watermark = min(ours, theirs or ours)


def windows(since, now):
    """Yield (start, end) of the searches; the last has no end: orders that change
    while the read is on its way are always ahead of it."""
    step = timedelta(hours=const.ORDERS_WINDOW_HOURS)
    start = since.replace(minute=0, second=0, microsecond=0)
    while start + step < now:
        yield start, start + step
        start += step
    yield start, None


def key(row):
    """Return a result's order id, "" when it has none."""
    return str(row.get("id")) if isinstance(row, dict) else ""


def is_new(row, since):
    """Tell whether an order changed since; one that does not say when did."""
    changed = moment(row.get("date_last_updated"))
    return changed is None or changed >= since


def total_of(body, offset):
    """Return how many orders match; unknown: one more page while pages are full."""
    total = (body.get("paging") or {}).get("total")
    return total if isinstance(total, int) else offset + len(body["results"]) + 1


def date_of(headers):
    """Return the channel's clock from an answer's ``Date``, None when absent."""
    try:
        return in_utc(parsedate_to_datetime(headers.get("date") or ""))
    except (TypeError, ValueError):
        return None


def is_complete(row):
    """Tell whether a search result says all that an order says.

    The page's example of a search lacks the depot, the user product and the context;
    whether real ones do is not documented.
    """
    lines = row.get("order_items") or []
    return "context" in row and all(
        "stock" in line and "user_product_id" in (line.get("item") or {})
        for line in lines
    )
