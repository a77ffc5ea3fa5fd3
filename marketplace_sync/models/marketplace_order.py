"""Orders as the channels tell them. What they are is the channel's; what became of them
here is ours. Nothing in them ever writes stock."""

from odoo import api, fields, models

#: Days that a channel's own telling of an order is kept; a system parameter overrides.
RAW_DAYS = 30
RAW_PARAMETER = "marketplace_sync.payload_retention_days"


class MarketplaceOrder(models.Model):
    """One order of one channel.

    From the commit of this record its lines are demand: they count in
    ``committed_qty`` of every listing that shares the stock, until a confirmed sale
    order has taken them over (see ``marketplace.stock._read_promised``).
    """

    _name = "marketplace.order"
    _description = "Marketplace Order"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "placed_at desc, id desc"
    _check_company_auto = True

    account_id = fields.Many2one(
        "marketplace.account",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    channel = fields.Selection(related="account_id.channel", store=True, index=True)
    site_id = fields.Many2one(
        "marketplace.site",
        readonly=True,
        ondelete="restrict",
        help="Where it was bought. Its warehouses are where it ships from.",
    )

    # === WHAT THE CHANNEL SAYS ===
    external_id = fields.Char("Channel's Id", required=True, readonly=True)
    name = fields.Char("Number", required=True, readonly=True)
    group_key = fields.Char(
        "Purchase",
        readonly=True,
        index="btree_not_null",
        help="Orders of one purchase (a Mercado Libre pack) become one sale order.",
    )
    status = fields.Selection(
        [
            ("pending", "Pending"),
            ("open", "To Ship"),
            ("shipped", "Shipped"),
            ("cancelled", "Cancelled"),
        ],
        "On the Channel",
        required=True,
        readonly=True,
        default="open",
        index=True,
        help="Pending: bought, not to be shipped yet; its units are promised already.",
    )
    placed_at = fields.Datetime("Placed", required=True, readonly=True)
    updated_at = fields.Datetime("Changed on the Channel", readonly=True)
    ship_by = fields.Datetime(readonly=True)
    currency_code = fields.Char(readonly=True)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True
    )
    total = fields.Monetary(readonly=True)
    is_total_known = fields.Boolean(readonly=True)
    prices_include_tax = fields.Boolean(readonly=True)
    is_foreign = fields.Boolean(readonly=True, help="Not a sale of this channel.")
    is_held = fields.Boolean("Held by the Channel", readonly=True)
    hold_reason = fields.Char(readonly=True)
    cancel_requested = fields.Boolean("Cancellation Requested", readonly=True)
    cancel_reason = fields.Char(readonly=True)
    is_withheld = fields.Boolean(
        "Address Withheld",
        readonly=True,
        help="The channel keeps the buyer's name or address from us.",
    )
    channel_url = fields.Char("Page on the Channel", readonly=True)
    details = fields.Json(
        readonly=True, help="Buyer, address and charges as the channel told them."
    )
    channel_data = fields.Json(readonly=True)
    raw = fields.Json(readonly=True, groups="base.group_system")
    request_id = fields.Char(readonly=True)

    # === WHAT BECAME OF IT HERE ===
    state = fields.Selection(
        [
            ("new", "Read"),
            ("to_fix", "To Fix"),
            ("imported", "Imported"),
            ("cancelled", "Cancelled"),
            ("ignored", "Not Ours to Ship"),
        ],
        default="new",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
        help="Read: its units are promised; the sale order follows. To Fix: waits for "
        "a person, with the reason; its units are promised meanwhile.",
    )
    problem = fields.Char(readonly=True, help="Why it waits for a person.")
    sale_order_id = fields.Many2one(
        "sale.order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        check_company=True,
    )
    needs_sync = fields.Boolean(
        default=True,
        readonly=True,
        help="The sale order may not be what the channel says now.",
    )
    is_demand = fields.Boolean(
        default=True,
        readonly=True,
        help="Its lines count as promised as far as no sale order has them.",
    )
    correlation_id = fields.Char(readonly=True, copy=False)
    line_ids = fields.One2many("marketplace.order.line", "order_id", "Lines")

    _account_external_uniq = models.Constraint(
        "UNIQUE (account_id, external_id)", "The account already has this order."
    )
    _demand_idx = models.Index("(id) WHERE is_demand")
    _sync_idx = models.Index("(account_id, id) WHERE needs_sync")
    _watch_idx = models.Index("(account_id, status, updated_at)")

    @api.depends("currency_code")
    def _compute_currency_id(self):
        codes = set(self.mapped("currency_code"))
        currencies = self.env["res.currency"].with_context(active_test=False)
        known = {c.name: c for c in currencies.search([("name", "in", list(codes))])}
        for order in self:
            order.currency_id = known.get(order.currency_code, False)

    @api.depends("name", "account_id.name")
    @api.depends_context("marketplace_sync_short_name")
    def _compute_display_name(self):
        """Name the account, too, except where a screen shows it beside the order."""
        short = self.env.context.get("marketplace_sync_short_name")
        for order in self:
            name = order.name
            order.display_name = name if short else f"{order.account_id.name} {name}"

    # === DEMAND ===

    #: Fields whose change changes what is promised.
    _demand_fields = frozenset(
        ("is_demand", "site_id", "status", "sale_order_id", "line_ids")
    )

    def write(self, vals):
        result = super().write(vals)
        if self._demand_fields & vals.keys():
            self.line_ids._demand_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_demand(self):
        self.env["marketplace.stock.change"]._gather(self.line_ids.product_id.ids)

    # === RETENTION ===

    @api.autovacuum
    def _gc_raw(self):
        """Forget the channel's own telling, with the buyer's data in it, after a time.

        An order that still waits keeps it: a person may need it.
        """
        parameters = self.env["ir.config_parameter"].sudo()
        days = int(parameters.get_param(RAW_PARAMETER, RAW_DAYS))
        before = fields.Datetime.subtract(fields.Datetime.now(), days=max(1, days))
        self.search(
            [
                ("raw", "!=", False),
                ("write_date", "<", before),
                ("state", "not in", ("new", "to_fix")),
            ],
            limit=10_000,
        ).raw = False
