"""One batch: readings are stored, numbers computed once more, and the two compared."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.reconcile import Facts, Sent, Tolerance, judge
from .marketplace_stock import NOT_TRACKED
from .tools import int_array, update_many

#: Problems that end a comparison even where they do not stop pushes.
WATCHED = frozenset(("continue_selling", "untracked"))
#: Numbers sent earlier that are looked at, to find one that came late.
SENT_LOOKED_AT = 5
COLUMNS = (
    "id site_id sku product_id external_ref title channel_url source qty committed "
    "sellable own published state block is_uncertain published_at units look_again_at "
    "is_kit pool sent"
).split()


class MarketplaceReconciliation(models.Model):
    _inherit = "marketplace.reconciliation"

    def _compare(self, adapter, readings, is_second_look=False):
        """Store readings, judge each, and keep what was found.

        :param readings: listing id → ``ChannelListing``
        """
        if not readings:
            return
        Listing = self.env["marketplace.listing"]
        listings = Listing.browse(readings)
        # before the readings tell otherwise
        ours = {
            listing.id
            for listing in listings
            if listing.published_at and listing.sync_state != "unverified"
        }
        listings._store_readings(readings)
        breakdowns = listings._refresh()
        now = fields.Datetime.now()
        rows = self._read_facts(list(readings))
        tolerance = Tolerance(self.tolerance_percent, self.tolerance_units)
        products = self.env["product.product"].browse(
            {row["product_id"] for row in rows if row["product_id"]}
        )
        prices = {product.id: product.lst_price for product in products}
        verdicts = {}
        for row in rows:
            row["price"] = prices.get(row["product_id"]) or None
            facts = self._get_facts(
                row,
                readings[row["id"]],
                breakdowns.get(row["id"]),
                ours,
                now,
                adapter.settling_seconds,
                is_second_look,
            )
            verdicts[row["id"]] = judge(facts, tolerance)
        again = {id_ for id_, verdict in verdicts.items() if verdict.look_again}
        self._store_compared(verdicts, again, now, is_second_look)
        self._keep_findings(rows, readings, verdicts, now, is_second_look)

    def _store_compared(self, verdicts, again, now, is_second_look):
        update_many(
            self.env["marketplace.listing"],
            [
                {
                    "id": listing_id,
                    "reconciled_at": now,
                    "reconciled_run": self.id,
                    "look_again_at": now if listing_id in again else None,
                }
                for listing_id in verdicts
            ],
            columns=("reconciled_at", "reconciled_run", "look_again_at"),
        )
        if not is_second_look:
            self.read_count += len(verdicts)

    # === FACTS ===

    @api.model
    def _read_facts(self, ids):
        """Return all that the database knows of these listings, in one query."""
        self.env["marketplace.listing"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.id, l.site_id, l.sku, l.product_id, l.external_ref, l.title,
                       l.channel_url, l.qty_source, COALESCE(l.qty, 0),
                       COALESCE(l.committed_qty, 0)::float8,
                       COALESCE(l.sellable_qty, 0), COALESCE(l.own_qty, 0),
                       COALESCE(l.published_qty, 0), l.sync_state, l.block_code,
                       COALESCE(l.is_uncertain, FALSE) OR l.open_push_id IS NOT NULL,
                       l.published_at, l.units_per_listing, l.look_again_at, %(kit)s,
                       pool.numbers, sent.rows
                  FROM marketplace_listing l
             LEFT JOIN product_product p ON p.id = l.product_id
             LEFT JOIN LATERAL (
                    SELECT array_agg(m.own_qty) AS numbers, array_agg(m.id) AS ids
                      FROM marketplace_listing m
                     WHERE m.account_id = l.account_id AND m.pool_key = l.pool_key
                       AND m.active AND m.fulfilment = 'merchant') pool ON TRUE
             LEFT JOIN LATERAL (
                    SELECT json_agg(json_build_array(
                               s.qty, s.outcome, s.started_at, s.finished_at)
                               ORDER BY s.id DESC) AS rows
                      FROM (SELECT t.id, t.qty, t.outcome, u.started_at, u.finished_at
                              FROM marketplace_push_line t
                              JOIN marketplace_push u ON u.id = t.push_id
                             WHERE t.listing_id = ANY(
                                       COALESCE(pool.ids, ARRAY[]::int[]) || l.id)
                             ORDER BY t.id DESC LIMIT %(sent)s) s) sent ON TRUE
                 WHERE l.id = ANY(%(ids)s)
                 ORDER BY l.id
                """,
                kit=self._sql_is_kit(),
                sent=SENT_LOOKED_AT,
                ids=int_array(ids),
            )
        )
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    @api.model
    def _sql_is_kit(self):
        """Give SQL that tells whether a product (``p``) is shipped from components."""
        if "mrp.bom" not in self.env:
            return SQL("FALSE")
        return SQL(
            """EXISTS (
                SELECT 1 FROM mrp_bom b
                 WHERE b.active AND b.type = 'phantom'
                   AND (b.product_id = p.id
                        OR (b.product_id IS NULL
                            AND b.product_tmpl_id = p.product_tmpl_id)))"""
        )

    def _get_facts(self, row, reading, breakdown, ours, now, settling, is_second_look):
        codes = {p.code for p in reading.problems if p.blocking or p.code in WATCHED}
        published_at, first_look = row["published_at"], row["look_again_at"]
        orders_at = self.account_id.last_order_sync_at
        # what cannot be counted is compared with nothing; that the channel does not
        # track it either is the product's business
        block = row["block"] or ("" if breakdown else NOT_TRACKED)
        return Facts(
            shown=reading.quantity,
            expected=row["sellable"],
            published=row["published"],
            available=row["qty"] - row["committed"],
            exact=_exact(breakdown, row),
            source=row["source"],
            problems=frozenset(codes),
            state=row["state"],
            block=block,
            is_uncertain=row["is_uncertain"],
            age=(now - published_at).total_seconds() if published_at else None,
            settling=settling,
            is_second_look=is_second_look,
            was_ours=row["id"] in ours,
            sent=tuple(_sent(*sent) for sent in row["sent"] or ()),
            reads_orders=bool(orders_at),
            orders_read=bool(first_look and orders_at and orders_at > first_look),
            pool=tuple(row["pool"] or ()),
            is_kit=row["is_kit"],
            units=row["units"],
            # by Odoo's price list; the channel's own is not known
            price=row["price"] and row["price"] * row["units"],
        )


def _sent(quantity, outcome, started, ended):
    # times as ISO text, which compares as they do
    return Sent(quantity, outcome, started, ended)


def _exact(breakdown, row):
    """Return the number before it was rounded down to whole listing units.

    None where something else than rounding lowers it: a cap, a stop, the pool.
    """
    if not breakdown or breakdown.stopped or row["sellable"] != breakdown.sellable:
        return None
    if breakdown.source != "stock":
        return None
    free = max(0.0, breakdown.available - breakdown.committed)
    exact = free * breakdown.share_percent / 100 - breakdown.buffer_qty
    exact /= max(1, breakdown.units_per_listing)
    is_capped = 0 < breakdown.max_qty < exact
    return None if is_capped or exact < 0 else exact
