"""What a channel holds itself (FBA, Full), by day and in the channel's own buckets."""

from markupsafe import Markup
from odoo import api, fields, models

from ..engine.channel_stock import Count

#: Days that a day's count is kept.
KEEP_DAYS = 400
#: The channels' own names → column. What is not named here is in ``buckets`` all the
#: same, and in the column of its kind.
COLUMNS = {
    "fulfillableQuantity": "fulfillable_qty",
    "available_quantity": "fulfillable_qty",
    "inboundWorkingQuantity": "inbound_working_qty",
    "inboundShippedQuantity": "inbound_shipped_qty",
    "inboundReceivingQuantity": "inbound_receiving_qty",
    "pendingCustomerOrderQuantity": "reserved_order_qty",
    "pendingTransshipmentQuantity": "reserved_transfer_qty",
    "transfer": "reserved_transfer_qty",
    "fcProcessingQuantity": "reserved_processing_qty",
    "internal_process": "reserved_processing_qty",
    "withdrawal": "withdrawal_qty",
    "customerDamagedQuantity": "customer_damaged_qty",
    "warehouseDamagedQuantity": "warehouse_damaged_qty",
    "distributorDamagedQuantity": "distributor_damaged_qty",
    "carrierDamagedQuantity": "carrier_damaged_qty",
    "defectiveQuantity": "defective_qty",
    "expiredQuantity": "expired_qty",
    "damage": "damaged_qty",
    "damaged": "damaged_qty",
    "lost": "lost_qty",
    "noFiscalCoverage": "no_fiscal_coverage_qty",
}
#: Kind of bucket → column of its sum.
KIND_COLUMNS = {
    "inbound": "inbound_qty",
    "reserved": "reserved_qty",
    "unfulfillable": "unfulfillable_qty",
    "researching": "researching_qty",
    "other": "other_qty",
}


def Units(string, **kwargs):
    """A count of listing units."""
    return fields.Integer(string, readonly=True, aggregator="sum", **kwargs)


class MarketplaceChannelStock(models.Model):
    """One listing's stock at the channel on one day.

    Only ``fulfillable_qty`` can be sold. Nothing here adds to what our own warehouses
    publish, and nothing here writes stock.
    """

    _name = "marketplace.channel.stock"
    _description = "Stock at the Channel"
    _order = "date desc, sku, id desc"
    _rec_name = "sku"

    listing_id = fields.Many2one(
        "marketplace.listing",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    account_id = fields.Many2one(related="listing_id.account_id", store=True)
    site_id = fields.Many2one(related="listing_id.site_id", store=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    channel = fields.Selection(related="account_id.channel", store=True)
    product_id = fields.Many2one(
        related="listing_id.product_id", store=True, index="btree_not_null"
    )
    sku = fields.Char(related="listing_id.sku", store=True, string="SKU")
    date = fields.Date(required=True, readonly=True)
    read_at = fields.Datetime("Read", required=True, readonly=True)
    told_at = fields.Char(
        "Last Change", readonly=True, help="As the channel writes it."
    )
    external_id = fields.Char(
        "Channel's Id",
        readonly=True,
        help="Listings with the same id show the same units: do not add them up.",
    )
    is_latest = fields.Boolean(
        "Latest", compute="_compute_is_latest", search="_search_is_latest"
    )
    buckets = fields.Json(
        readonly=True, help="Every bucket by the channel's own name, with its kind."
    )
    is_fulfillable_told = fields.Boolean(readonly=True)

    fulfillable_qty = Units("Fulfillable", help="The only units that can be sold now.")
    inbound_qty = Units("Inbound", help="On their way to the channel.")
    inbound_working_qty = Units("Inbound: Working")
    inbound_shipped_qty = Units("Inbound: Shipped")
    inbound_receiving_qty = Units("Inbound: Receiving")
    reserved_qty = Units("Reserved")
    reserved_order_qty = Units("Reserved: Customer Orders")
    reserved_transfer_qty = Units("Reserved: Transfer")
    reserved_processing_qty = Units("Reserved: Processing")
    withdrawal_qty = Units("Reserved: Withdrawal")
    unfulfillable_qty = Units("Unfulfillable")
    customer_damaged_qty = Units("Damaged by Customer")
    warehouse_damaged_qty = Units("Damaged in Warehouse")
    distributor_damaged_qty = Units("Damaged by Distributor")
    carrier_damaged_qty = Units("Damaged by Carrier")
    defective_qty = Units("Defective")
    expired_qty = Units("Expired")
    damaged_qty = Units("Damaged")
    lost_qty = Units("Lost")
    no_fiscal_coverage_qty = Units("No Fiscal Coverage")
    researching_qty = Units("Researching")
    other_qty = Units("Other", help="Buckets that this version does not know.")
    total_qty = Units("Total", help="As the channel tells it.")
    bucket_table = fields.Html(compute="_compute_bucket_table", sanitize=False)

    _listing_date_uniq = models.Constraint(
        "UNIQUE (listing_id, date)", "This listing's stock was counted on this day."
    )

    # === COMPUTES ===

    @api.depends("sku", "date")
    def _compute_display_name(self):
        for stock in self:
            day = fields.Date.to_string(stock.date) or ""
            stock.display_name = f"{stock.sku}, {day}"

    @api.depends("listing_id.channel_stock_id")
    def _compute_is_latest(self):
        for stock in self:
            stock.is_latest = stock.listing_id.channel_stock_id == stock

    @api.model
    def _search_is_latest(self, operator, value):
        if operator != "in":
            return NotImplemented
        latest = self.env["marketplace.listing"]._search(
            [("channel_stock_id", "!=", False)]
        )
        return [("id", "in", latest.subselect("channel_stock_id"))]

    @api.depends("buckets", "total_qty")
    def _compute_bucket_table(self):
        for stock in self:
            rows = [stock._get_bucket_row(*row) for row in stock._get_bucket_rows()]
            table = Markup('<table class="table table-sm mb-0">%s</table>')
            stock.bucket_table = table % Markup().join(rows) if rows else False

    def _get_bucket_rows(self):
        """Return (label, units, why they cannot be sold) for each bucket that holds
        something, the sellable one first even when it is empty."""
        self.ensure_one()
        rows = []
        for one in self.buckets or []:
            label, words = self._get_bucket_words(one["name"], one["kind"])
            if one["quantity"] or one["kind"] == "sellable":
                rows.append((label, one["quantity"], words, one["kind"]))
        if not self.is_fulfillable_told:
            label = self.env._("Fulfillable: not told")
            rows.append((label, 0, self._get_untold_words(), "sellable"))
        rows.sort(key=lambda row: row[3] != "sellable")
        rest = self.total_qty - sum(one["quantity"] for one in self.buckets or [])
        if rest:
            words = self.env._("The channel's total differs from the sum of its parts.")
            rows.append((self.env._("Not explained"), rest, words, "other"))
        return rows

    def _get_untold_words(self):
        return self.env._(
            "The channel did not say how many units can be sold, so none counts as "
            "sellable."
        )

    @api.model
    def _get_bucket_row(self, label, units, words, kind):
        row = Markup(
            '<tr><td>%s<br/><small class="text-muted">%s</small></td>'
            '<td class="text-end text-nowrap">%s</td></tr>'
        )
        strong = Markup("<b>%s</b>") if kind == "sellable" else Markup("%s")
        return row % (strong % label, words, strong % units)

    @api.model
    def _get_bucket_words(self, name, kind):
        """Return a bucket's label and why its units cannot be sold."""
        column = COLUMNS.get(name) or KIND_COLUMNS.get(kind, "fulfillable_qty")
        label = f"{self._fields[column]._description_string(self.env)} ({name})"
        return label, self._get_kind_words().get(COLUMNS.get(name)) or (
            self._get_kind_words()[kind]
        )

    @api.model
    def _get_kind_words(self):
        return {
            "sellable": self.env._("Can be sold now."),
            "inbound": self.env._(
                "On the way to the channel: it left our stock when it was sent, and "
                "cannot be sold before the channel has put it away."
            ),
            "reserved": self.env._("There, but taken by the channel's own work."),
            "reserved_order_qty": self.env._("Sold already: waits for its parcel."),
            "reserved_transfer_qty": self.env._(
                "Travels between two warehouses of the channel."
            ),
            "withdrawal_qty": self.env._("Being sent back to us."),
            "unfulfillable": self.env._("There, but not fit to be sold."),
            "lost_qty": self.env._("The channel has lost it."),
            "no_fiscal_coverage_qty": self.env._(
                "Its tax documents are missing: the channel may not sell it."
            ),
            "expired_qty": self.env._("Past its date."),
            "researching": self.env._("The channel is looking for it."),
            "other": self.env._(
                "A bucket that this version does not know. It never counts as sellable."
            ),
        }

    # === STORING ===

    @api.model
    def _store(self, listing, told, now):
        """Keep what the channel told of a listing; return the day's record."""
        values = {**self._get_told_values(told), "read_at": now}
        today = fields.Datetime.context_timestamp(
            self.with_context(tz=listing.company_id.partner_id.tz or "UTC"), now
        ).date()
        stock = self.search([("listing_id", "=", listing.id), ("date", "=", today)])
        if stock:
            stock.write(values)
            return stock
        return self.create({**values, "listing_id": listing.id, "date": today})

    @api.model
    def _get_told_values(self, told):
        counts = dict.fromkeys({*COLUMNS.values(), *KIND_COLUMNS.values()}, 0)
        for one in told.buckets:
            kind_column = KIND_COLUMNS.get(one.kind)
            if kind_column:
                counts[kind_column] += one.quantity
            if one.name in COLUMNS and one.kind != "sellable":
                counts[COLUMNS[one.name]] += one.quantity
        parts = sum(one.quantity for one in told.buckets)
        return {
            **counts,
            "fulfillable_qty": told.sellable or 0,
            "is_fulfillable_told": told.sellable is not None,
            "total_qty": parts if told.total is None else told.total,
            "buckets": [
                {"name": one.name, "quantity": one.quantity, "kind": one.kind}
                for one in told.buckets
            ],
            "told_at": told.told_at or False,
            "external_id": told.external_id or False,
        }

    def _get_previous(self):
        """Return the same listing's count of an earlier day, the last one."""
        self.ensure_one()
        return self.search(
            [("listing_id", "=", self.listing_id.id), ("date", "<", self.date)],
            order="date desc",
            limit=1,
        )

    def _get_count(self):
        """Return this count as the engine compares it."""
        self.ensure_one()
        return Count(
            good=self.fulfillable_qty + self.reserved_qty,
            inbound=self.inbound_qty,
            unfulfillable=self.unfulfillable_qty
            - self.customer_damaged_qty
            - self.lost_qty,
            customer_damaged=self.customer_damaged_qty,
            missing=self.researching_qty + self.lost_qty,
        )

    @api.autovacuum
    def _gc_old(self):
        """Forget old days; a listing's latest count stays."""
        before = fields.Date.subtract(fields.Date.context_today(self), days=KEEP_DAYS)
        old = self.search([("date", "<", before)], limit=10_000)
        old.filtered(lambda stock: not stock.is_latest).unlink()
