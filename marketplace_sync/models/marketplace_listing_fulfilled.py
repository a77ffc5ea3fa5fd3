"""Numbers of listings whose orders another channel ships from what it holds."""

from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.quantity import Terms, compute
from .marketplace_listing_rows import NO_PRODUCT
from .tools import int_array

#: No count that can be used.
NOT_HELD = "not_held"


class Held(NamedTuple):
    """What a site's channel holds of one product, in the product's unit.

    :param read_at: when the oldest count in it was read
    """

    quantity: float
    read_at: object


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    is_fulfilled_elsewhere = fields.Boolean(compute="_compute_source_note")
    source_note = fields.Char(
        "Shipped From",
        compute="_compute_source_note",
        help="Whose stock this number comes from, when it is not our warehouses'.",
    )

    # === READING ===

    @api.model
    def _read_site_rules(self, site_ids):
        rules = super()._read_site_rules(site_ids)
        for site in self.env["marketplace.site"].sudo().browse(site_ids):
            rules[site.id] = rules[site.id]._replace(
                fulfilled_from=site.fulfilled_from_site_id.id or 0,
                stock_hours=site.channel_stock_max_hours,
            )
        return rules

    @api.model
    def _read_held(self, product_ids, site_ids):
        """Return :class:`Held` by (product id, site id), of the latest counts.

        Listings that show the same units count once; a count that does not say what is
        fulfillable is none.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT product_id, site_id, SUM(units)::float8, MIN(read_at)
                  FROM (
                    SELECT DISTINCT ON (
                               l.site_id, COALESCE(s.external_id, l.id::varchar)
                           )
                           l.product_id, l.site_id, s.read_at,
                           s.fulfillable_qty * l.units_per_listing AS units
                      FROM marketplace_listing l
                      JOIN marketplace_channel_stock s ON s.id = l.channel_stock_id
                     WHERE l.product_id = ANY(%s)
                       AND l.site_id = ANY(%s)
                       AND l.active
                       AND l.fulfilment = 'channel'
                       AND s.is_fulfillable_told
                     ORDER BY l.site_id, COALESCE(s.external_id, l.id::varchar), l.id
                  ) held
                 GROUP BY product_id, site_id
                """,
                int_array(product_ids),
                int_array(site_ids),
            )
        )
        return {(row[0], row[1]): Held(row[2], row[3]) for row in rows}

    @api.model
    def _read_handed_over(self, held):
        """Return units sold on sites that share a source since it was counted, by
        (product id, source site id). Orders know; without them, nothing."""
        return {}

    # === ARITHMETIC ===

    @api.model
    def _compute_breakdowns(self, rows):
        rules = self._read_site_rules({row.kind.site_id for row in rows})
        if not any(rule.fulfilled_from for rule in rules.values()):
            return super()._compute_breakdowns(rows)
        theirs = [row for row in rows if self._is_shipped_elsewhere(row, rules)]
        known = {row.id for row in theirs}
        ours = [row for row in rows if row.id not in known]
        breakdowns = super()._compute_breakdowns(ours) if ours else {}
        breakdowns.update(self._compute_from_channel(theirs, rules))
        return breakdowns

    @api.model
    def _is_shipped_elsewhere(self, row, rules):
        rule = rules[row.kind.site_id]
        return bool(rule.fulfilled_from) and row.kind.qty_source == "stock"

    @api.model
    def _compute_from_channel(self, rows, rules):
        """Return listing id → breakdown: fulfillable at the source, less what was sold
        since it was counted, less the buffer. Our warehouses are not looked at."""
        products = {row.product_id for row in rows} - {None}
        held = self._read_held(
            products,
            {rules[row.kind.site_id].fulfilled_from for row in rows},
        )
        sold = self._read_handed_over(held)
        keys = {row.kind.buffer_key for row in rows}
        buffers = self._read_buffers(keys, products, rules)
        breakdowns = {}
        for row in rows:
            kind, rule = row.kind, rules[row.kind.site_id]
            key = (row.product_id, rule.fulfilled_from)
            if key not in held:
                continue
            terms = Terms(
                "stock",
                held[key].quantity,
                sold.get(key, 0.0),
                rule.share_percent,
                buffers[kind.buffer_key].get(row.product_id),
                kind.units_per_listing,
                rule.max_qty,
                kind.is_stopped or not kind.product_active,
            )
            breakdown = compute(terms)
            if not self._is_fresh(held[key].read_at, rule.stock_hours):
                lower = min(breakdown.sellable, row.stored.published_qty)
                breakdown = breakdown._replace(sellable=lower)
            breakdowns[row.id] = breakdown
        return breakdowns

    @api.model
    def _get_block_code(self, kind, rules):
        """Only rows that could not be computed from a channel's count come here."""
        if rules[kind.site_id].fulfilled_from and kind.qty_source == "stock":
            return NOT_HELD if kind.has_product else NO_PRODUCT
        return super()._get_block_code(kind, rules)

    @api.model
    def _get_block_messages(self):
        return {
            **super()._get_block_messages(),
            NOT_HELD: self.env._(
                "Its site is shipped from another channel's warehouse, and there is no "
                "count of this product there that says what is fulfillable. Match the "
                "product there, or read the stock at the channel."
            ),
        }

    def _channel_stock_changed(self):
        """Have the listings of sites that are shipped from here computed again."""
        result = super()._channel_stock_changed()
        sources = (
            self.env["marketplace.site"]
            .sudo()
            .search([("fulfilled_from_site_id", "in", self.site_id.ids)])
            .fulfilled_from_site_id
        )
        changed = self.filtered(lambda listing: listing.site_id in sources)
        self.env["marketplace.stock.change"]._gather(changed.product_id.ids)
        return result

    # === IN WORDS ===

    def _get_held(self):
        """Return what this listing's source holds, None when there is no count."""
        self.ensure_one()
        source = self.site_id.sudo().fulfilled_from_site_id
        held = self._read_held(self.product_id.ids, source.ids)
        return held.get((self.product_id.id, source.id))

    def _is_held_fresh(self, held):
        hours = self.site_id.sudo().channel_stock_max_hours
        return self._is_fresh(held.read_at, hours)

    @api.depends("site_id.fulfilled_from_site_id", "qty_source", "product_id")
    def _compute_source_note(self):
        for listing in self:
            source = listing.site_id.sudo().fulfilled_from_site_id
            elsewhere = bool(source) and listing.qty_source == "stock"
            listing.is_fulfilled_elsewhere = elsewhere
            listing.source_note = (
                listing._get_source_words(source) if elsewhere else False
            )

    def _get_source_words(self, source):
        held = self._get_held()
        if held is None:
            return self.env._("%s, not counted yet", source.display_name)
        moment = fields.Datetime.context_timestamp(self, held.read_at)
        moment = f"{moment:%Y-%m-%d %H:%M}"
        if self._is_held_fresh(held):
            return self.env._(
                "%(origin)s: fulfillable there, read %(moment)s",
                origin=source.display_name,
                moment=moment,
            )
        return self.env._(
            "%(origin)s: last read %(moment)s, too old to raise this number",
            origin=source.display_name,
            moment=moment,
        )

    @api.depends("site_id.fulfilled_from_site_id", "qty_source", "product_id")
    def _compute_remark(self):
        result = super()._compute_remark()
        for listing in self.filtered("is_fulfilled_elsewhere"):
            held = listing._get_held()
            if not listing.remark and held and not listing._is_held_fresh(held):
                listing.remark = listing.source_note
        return result

    @api.depends("site_id.fulfilled_from_site_id", "qty_source")
    def _compute_site_warehouse_names(self):
        result = super()._compute_site_warehouse_names()
        for listing in self.filtered("is_fulfilled_elsewhere"):
            source = listing.site_id.sudo().fulfilled_from_site_id
            listing.site_warehouse_names = source.display_name
        return result

    def _get_stock_by_warehouse(self):
        """A channel's warehouse stands in for ours where it ships."""
        result = super()._get_stock_by_warehouse()
        for listing in self.filtered("is_fulfilled_elsewhere"):
            held = listing._get_held()
            free = held.quantity if held else 0.0
            row = {"name": listing.source_note, "free": free, "committed": 0.0}
            result[listing.id] = [row]
        return result

    def _get_breakdown_values(self, breakdown, warehouses=None):
        values = super()._get_breakdown_values(breakdown, warehouses)
        if self.is_fulfilled_elsewhere:
            held = self._get_held()
            values["is_count_old"] = not (held and self._is_held_fresh(held))
        return values

    @api.model
    def _get_explanation_steps(self, values):
        steps = super()._get_explanation_steps(values)
        if values and values.get("is_count_old"):
            last = next(index for index, step in enumerate(steps) if step["is_result"])
            step = self._step(
                self.env._("The count is too old: not raised above what is shown"), ""
            )
            steps.insert(last + 1, step)
        return steps
