"""One ``inventorySetQuantities`` of up to 250 rows, until every row is settled.

Each row carries the quantity that we read (``changeFromQuantity``); Shopify refuses
what has changed since. Whether it then refuses the whole call or the row is not
documented, so both are safe here: after any refusal everything that is left is read
again before it is sent again.
"""

import json
import logging
import uuid
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from ..base import PushResult
from ..errors import ChannelUnreachable, RetryableError
from . import const
from .documents import SET_QUANTITIES
from .lookup import grouped
from .reading import ITEM, LOCATION, is_gid, problem

_logger = logging.getLogger(__name__)


@dataclass
class Row:
    """One (item, location) pair of a push and the levels that ask for it."""

    item: str
    location: str
    quantity: int
    expected: int | None
    keys: list = field(default_factory=list)
    stale_rounds: int = 0

    @property
    def pair(self):
        return (self.item, self.location)

    def as_input(self):
        """Return the row as ``InventoryQuantityInput``."""
        return {
            "inventoryItemId": self.item,
            "locationId": self.location,
            "quantity": self.quantity,
            "changeFromQuantity": self.expected,
        }


class Publisher:
    """Prepares and makes pushes of one account.

    Remembers between the two which rows are not worth sending, so that
    ``push_stock`` says so without another read; rows that come unread (another
    process prepared them) are read first.
    """

    def __init__(self, client, lookup):
        self.client = client
        self.lookup = lookup
        self.refusals = {}

    # --- preparing ------------------------------------------------------------
    def prepare(self, levels):
        """Return ``levels`` with item ids and expected quantities."""
        for level in levels:
            self.refusals.pop(level.ref.key, None)
        levels = self._identified(levels)
        wanted = [_pair(level) for level in levels if _is_sendable(level)]
        read = self.lookup.levels(wanted)
        return [self._prepared(level, read.get(_pair(level))) for level in levels]

    def _prepared(self, level, read):
        if read is None:
            return replace(level, expected=None)
        if read.problem:
            self._refuse(level, read.problem, read.request_id)
        return replace(level, expected=read.available)

    def _identified(self, levels):
        """Fill in item ids by SKU where they are missing."""
        missing = [
            level
            for level in levels
            if is_gid(LOCATION, level.ref.site_code)
            and not is_gid(ITEM, level.ref.external_ref)
        ]
        items = {}
        for location, group in grouped(missing, lambda r: r.ref.site_code).items():
            skus = [level.ref.sku for level in group]
            found = self.lookup.items_by_sku(skus, location)
            items.update({(sku, location): found.get(sku, []) for sku in skus})
        return [self._identify(level, items) for level in levels]

    def _identify(self, level, items):
        ids = items.get((level.ref.sku, level.ref.site_code))
        if ids is None or is_gid(ITEM, level.ref.external_ref):
            return level
        if len(ids) != 1:
            self._refuse(level, problem("duplicate_sku" if ids else "unknown_sku"))
            return replace(level, ref=replace(level.ref, external_ref=""))
        return replace(level, ref=replace(level.ref, external_ref=ids[0]))

    def _refuse(self, level, found, request_id=""):
        self.refusals[level.ref.key] = _rejected(
            level.ref.key, found.code, found.text, request_id
        )

    # --- sending --------------------------------------------------------------
    def push(self, levels, idempotency_key):
        """Yield one :class:`PushResult` per level."""
        if len(levels) > const.MAX_ROWS:
            raise ValueError(f"at most {const.MAX_ROWS} rows in one push")
        if not (idempotency_key or "").strip():
            raise ValueError("an idempotency key is needed")
        unread = [
            level
            for level in levels
            if level.ref.key not in self.refusals
            and (level.expected is None or not is_gid(ITEM, level.ref.external_ref))
        ]
        prepared = {level.ref.key: level for level in self.prepare(unread)}
        levels = [prepared.get(level.ref.key, level) for level in levels]
        rows, results = self._rows(levels)
        yield from results
        if rows:
            yield from Push(self.client, self.lookup, rows, idempotency_key).run()

    def _rows(self, levels):
        """Return rows to send, and results for the levels that are not sent."""
        rows, results = {}, []
        for level in sorted(levels, key=_smallest_first):
            refusal = self.refusals.pop(level.ref.key, None) or _local_refusal(level)
            row = rows.get(_pair(level))
            if row and not refusal and row.quantity != level.quantity:
                refusal = _rejected(level.ref.key, "duplicate_sku", SHARED_COUNTER)
            if refusal:
                results.append(refusal)
            elif row:
                row.keys.append(level.ref.key)
            else:
                rows[_pair(level)] = Row(
                    *_pair(level), level.quantity, level.expected, [level.ref.key]
                )
        return list(rows.values()), results


SHARED_COUNTER = (
    "Another listing of the same product and location was published with fewer units."
)


class Push:
    """The rows of one push that are still open, and how they are settled."""

    def __init__(self, client, lookup, rows, key):
        self.client = client
        self.lookup = lookup
        self.rows = rows
        self.base_key = key

    def run(self):
        """Yield results until no row is open."""
        for number in range(const.MAX_ROUNDS):
            payload, request_id = self._send(self._key(number))
            errors = payload.get("userErrors") or ()
            if not errors:
                yield from self._close(self.rows, request_id, outcome="accepted")
                return
            yield from self._settle(errors, request_id)
            yield from self._read_again()
            if not self.rows:
                return
        yield from self._close(
            self.rows, request_id, "retry", "Shopify kept refusing other rows."
        )

    def _key(self, number):
        """Return the key of a round, from what is sent and nothing else.

        After a crash the same rounds give the same keys; other bytes never come
        under a used key.
        """
        if number == 0:
            return self.base_key
        text = json.dumps([row.as_input() for row in self.rows])
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.base_key}:{number}:{text}"))

    def _send(self, key):
        """Send the open rows; wait while an equal call is still in flight."""
        variables = {"key": key, "input": self._input()}
        for _attempt in range(const.MAX_CONCURRENT):
            reply = self._send_once_more_if_lost(variables)
            payload = reply["inventorySetQuantities"]
            codes = {error.get("code") for error in payload.get("userErrors") or ()}
            if const.CONCURRENT not in codes:
                return payload, reply.request_id
            self.client.limiter.sleep(const.CONCURRENT_WAIT)
        raise RetryableError(
            "Shopify is still busy with an equal call.",
            code=const.CONCURRENT,
            request_id=reply.request_id,
            retry_after=const.CONCURRENT_WAIT,
        )

    def _send_once_more_if_lost(self, variables):
        """Send; after a lost answer the same bytes under the same key, once."""
        try:
            return self.client.execute(SET_QUANTITIES, variables)
        except ChannelUnreachable as error:
            _logger.info("shopify: the answer to a write was lost (%s)", error)
            return self.client.execute(SET_QUANTITIES, variables)

    def _input(self):
        return {
            "name": const.QUANTITY_NAME,
            "reason": const.REASON,
            "referenceDocumentUri": const.REFERENCE % quote(self.base_key, safe=""),
            "quantities": [row.as_input() for row in self.rows],
        }

    # --- after a refusal ------------------------------------------------------
    def _settle(self, errors, request_id):
        """Close the rows that Shopify named for good; count the stale ones."""
        rejected, stale = {}, set()
        for error in errors:
            code, index = error.get("code") or "", _index_of(error, len(self.rows))
            touched = range(len(self.rows)) if index is None else (index,)
            if code in const.STALE:
                stale.update(touched)
            elif code in const.BURNT_KEY:
                _logger.warning("shopify: %s, request %s", code, request_id)
            else:
                rejected.update({i: error for i in touched if i not in rejected})
        for index in stale:
            self.rows[index].stale_rounds += 1
        worn = [
            row
            for index, row in enumerate(self.rows)
            if index not in rejected and row.stale_rounds >= const.MAX_STALE_ROUNDS
        ]
        for index, error in rejected.items():
            code = error.get("code") or ""
            text = const.ROW_ERRORS.get(code) or f"Shopify: {error.get('message')}"
            yield from _results(self.rows[index], "rejected", text, code, request_id)
        gone = [self.rows[index] for index in rejected]
        self.rows = [row for row in self.rows if row not in gone]
        yield from self._close(
            worn,
            request_id,
            "retry",
            "The quantity on Shopify kept changing while it was being written.",
            "CHANGE_FROM_QUANTITY_STALE",
        )

    def _read_again(self):
        """Read what is open; close what has become unsendable."""
        read = self.lookup.levels(row.pair for row in self.rows)
        refused = [row for row in self.rows if read[row.pair].problem]
        for row in refused:
            level = read[row.pair]
            yield from self._close(
                [row],
                level.request_id,
                "rejected",
                level.problem.text,
                level.problem.code,
            )
        for row in self.rows:
            row.expected = read[row.pair].available

    def _close(self, rows, request_id, outcome, error="", code=""):
        self.rows = [row for row in self.rows if row not in rows]
        for row in rows:
            yield from _results(row, outcome, error, code, request_id)


def _results(row, outcome, error, code, request_id):
    shown = row.quantity if outcome == "accepted" else None
    for key in row.keys:
        yield PushResult(key, outcome, error, code, request_id, channel_qty=shown)


def _rejected(key, code, text, request_id=""):
    return PushResult(key, "rejected", text, code, request_id)


def _pair(level):
    return (level.ref.external_ref, level.ref.site_code)


def _is_sendable(level):
    return is_gid(ITEM, level.ref.external_ref) and is_gid(
        LOCATION, level.ref.site_code
    )


def _smallest_first(level):
    quantity = level.quantity
    return quantity if isinstance(quantity, int | float) else 0


def _local_refusal(level):
    """Return a result for a row that would fail the call for its neighbours too."""
    key, quantity = level.ref.key, level.quantity
    if not is_gid(LOCATION, level.ref.site_code):
        text = f"{level.ref.site_code!r} is not the id of a Shopify location."
        return _rejected(key, "INVALID_LOCATION", text)
    if not is_gid(ITEM, level.ref.external_ref):
        found = problem("unknown_sku")
        return _rejected(key, found.code, found.text)
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        return _rejected(key, "quantity", "The quantity must be a whole number.")
    if not 0 <= quantity <= const.MAX_QUANTITY:
        text = f"The quantity must be between 0 and {const.MAX_QUANTITY:,}."
        return _rejected(key, "quantity", text)
    return None


def _index_of(error, count):
    """Return the row that a user error is about, None when it names none.

    ``field`` is ``["input", "quantities", "<index>", …]``.
    """
    path = error.get("field") or []
    if list(path[:2]) != ["input", "quantities"] or len(path) < 3:
        return None
    index = int(path[2]) if str(path[2]).isdigit() else count
    return index if index < count else None
