"""How an account's orders become sale orders: settings, and the work of its cron."""

import functools
import logging
import time

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

#: Kind of charge (``channels.orders.CHARGE_KINDS``) → the account's product for it.
CHARGE_PRODUCTS = {
    "shipping": "shipping_product_id",
    "gift_wrap": "gift_wrap_product_id",
    "discount": "discount_product_id",
    "fee": "fee_product_id",
    "tip": "tip_product_id",
    "rounding": "difference_product_id",
    "other": "fee_product_id",
}


def service(label, xmlid, help_text):
    """Return the field of a product that stands for what is not an article."""
    return fields.Many2one(
        "product.product",
        label,
        domain=[("type", "=", "service"), ("sale_ok", "=", True)],
        check_company=True,
        ondelete="restrict",
        default=lambda self: self.env.ref(
            f"marketplace_sync.{xmlid}", raise_if_not_found=False
        ),
        help=help_text,
    )


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    confirm_orders = fields.Boolean(
        "Confirm Sale Orders",
        default=True,
        help="Off: a person confirms each quotation. Its units stay promised.",
    )
    team_id = fields.Many2one(
        "crm.team", "Sales Team", check_company=True, ondelete="set null"
    )
    salesperson_id = fields.Many2one(
        "res.users",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Salesperson of the sale orders.",
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        "Payment Terms",
        check_company=True,
        help="Empty: the buyer's, as for any other sale order.",
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        check_company=True,
        help="Empty: found by the delivery address, as for any other sale order.",
    )
    source_id = fields.Many2one(
        "utm.source",
        compute="_compute_source_id",
        store=True,
        precompute=True,
        readonly=False,
        help="Source of the sale orders, for the analysis of sales.",
    )
    tax_source = fields.Selection(
        [
            ("channel", "As the channel tells them"),
            ("odoo", "Odoo's own, within the channel's prices"),
        ],
        "Taxes",
        compute="_compute_tax_source",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="As the channel tells them: each of its taxes becomes the tax of Odoo "
        "that it is mapped to, with the channel's amount. Odoo's own: the channel "
        "tells none (Mercado Libre), so the products' taxes are taken out of the "
        "prices, and what the buyer pays stays the same.",
    )
    collected_tax_mode = fields.Selection(
        [("line", "A line of their own"), ("exclude", "Not in the sale order")],
        "Taxes That the Channel Collects",
        default="line",
        required=True,
        help="Taxes that the channel pays to the state itself are not revenue. As a "
        "line, the sale order's total is what the buyer paid; left out, it is that "
        "less these taxes.",
    )
    difference_limit = fields.Float(
        "Book Differences Up To",
        digits=(16, 3),
        help="In the order's currency. When the parts that a channel tells do not add "
        "up to its total, a line makes up for a difference up to this. 0: such an "
        "order always waits for a person.",
    )
    shipping_product_id = service(
        "Shipping", "product_shipping", "What the buyer pays for shipping."
    )
    gift_wrap_product_id = service(
        "Gift Wrap", "product_gift_wrap", "What the buyer pays for wrapping."
    )
    discount_product_id = service(
        "Discounts",
        "product_discount",
        "Discounts on an order, and those on a line that no percentage makes.",
    )
    fee_product_id = service(
        "Fees and Others", "product_fee", "Cash on delivery and the like."
    )
    tip_product_id = service("Tips", "product_tip", "Tips.")
    collected_tax_product_id = service(
        "Collected Taxes",
        "product_collected_tax",
        "Taxes that the channel pays to the state itself. Give it an income account "
        "of its own: this is not revenue.",
    )
    elsewhere_product_id = service(
        "Shipped by the Channel",
        "product_elsewhere",
        "Lines of a mixed order that the channel ships from its own stock: they count "
        "in the total, and nothing is delivered.",
    )
    difference_product_id = service(
        "Differences",
        "product_difference",
        "What the channel's total differs from its parts.",
    )
    tax_map_ids = fields.One2many("marketplace.tax.map", "account_id", "Tax Mapping")

    order_count = fields.Integer(compute="_compute_order_counts")
    to_fix_order_count = fields.Integer("To Fix", compute="_compute_order_counts")
    to_map_tax_count = fields.Integer(compute="_compute_order_counts")
    is_order_book_stale = fields.Boolean(compute="_compute_is_order_book_stale")
    can_cancel_orders = fields.Boolean(compute="_compute_can_cancel_orders")

    _check_difference_limit = models.Constraint(
        "CHECK (difference_limit >= 0)", "A difference's limit cannot be negative."
    )

    # === COMPUTES ===

    @api.depends("channel")
    def _compute_source_id(self):
        for account in self:
            xmlid = f"marketplace_sync.utm_source_{account.channel}"
            source = self.env.ref(xmlid, raise_if_not_found=False)
            account.source_id = source or account.source_id

    @api.depends("channel")
    def _compute_tax_source(self):
        for account in self:
            account.tax_source = account._get_default_tax_source()

    def _get_default_tax_source(self):
        """Return where taxes come from. Channels that tell none extend this."""
        return "odoo" if self.channel == "mercadolibre" else "channel"

    def _compute_order_counts(self):
        Order, Map = self.env["marketplace.order"], self.env["marketplace.tax.map"]
        within = [("account_id", "in", self.ids)]
        total = dict(Order._read_group(within, ["account_id"], ["__count"]))
        to_fix = [*within, ("state", "=", "to_fix")]
        waiting = dict(Order._read_group(to_fix, ["account_id"], ["__count"]))
        to_map = [*within, ("tax_id", "=", False)]
        unmapped = dict(Map._read_group(to_map, ["account_id"], ["__count"]))
        for account in self:
            account.order_count = total.get(account._origin, 0)
            account.to_fix_order_count = waiting.get(account._origin, 0)
            account.to_map_tax_count = unmapped.get(account._origin, 0)

    @api.depends("last_order_sync_at", "read_orders", "order_interval_minutes")
    def _compute_is_order_book_stale(self):
        for account in self:
            live = account.state == "connected" and isinstance(account.id, int)
            account.is_order_book_stale = live and account._are_orders_stale()

    @api.depends("channel")
    def _compute_can_cancel_orders(self):
        for account in self:
            adapter_class = account.channel and account._get_adapter_class()
            account.can_cancel_orders = bool(
                adapter_class and adapter_class.supports("cancel_order")
            )

    # === SCHEDULED ACTION ===

    def _sync_orders(self, deadline):
        """Bring the sale orders in line with what the channel says, one purchase in
        one transaction: what cannot be done is said at the order, and its neighbours
        are served."""
        result = super()._sync_orders(deadline)
        orders = self.env["marketplace.order"].search(
            [("account_id", "=", self.id), ("needs_sync", "=", True)],
            order="placed_at, id",
        )
        for count, order in enumerate(orders):
            # A sale order may wait: its units are promised. What a notification tells
            # of may be sold twice until it is heard.
            if time.monotonic() > deadline or (count and self._has_due_events()):
                self._in_transaction(self._wake_orders)
                break
            self._sync_order(order)
        return result

    def _sync_order(self, order):
        try:
            self._in_transaction(order._sync_safely)
        except Exception as error:
            self._rollback()
            _logger.exception("Marketplace order %s: not brought in line", order.id)
            self._in_transaction(functools.partial(order._park_error, error))

    # === ACTIONS ===

    def _action_open_orders(self, **values):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_order_action"
            ),
            "domain": [("account_id", "=", self.id)],
            **values,
        }

    def action_open_orders(self):
        return self._action_open_orders()

    def action_open_orders_to_fix(self):
        return self._action_open_orders(
            name=self.env._("To Fix"),
            domain=[("account_id", "=", self.id), ("state", "=", "to_fix")],
        )

    def action_open_tax_map(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_tax_map_action"
            ),
            "domain": [("account_id", "=", self.id)],
            "context": {"default_account_id": self.id},
        }
