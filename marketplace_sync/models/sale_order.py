from contextlib import contextmanager

from odoo import api, fields, models
from odoo.fields import Domain


class SaleOrder(models.Model):
    _inherit = "sale.order"

    marketplace_order_ids = fields.One2many(
        "marketplace.order", "sale_order_id", "Marketplace Orders"
    )
    marketplace_order_count = fields.Integer(compute="_compute_marketplace_orders")
    marketplace_account_id = fields.Many2one(
        "marketplace.account", compute="_compute_marketplace_orders"
    )
    marketplace_channel_name = fields.Char(compute="_compute_marketplace_orders")
    marketplace_warning = fields.Char(compute="_compute_marketplace_orders")
    marketplace_key = fields.Char(
        copy=False,
        readonly=True,
        help="Account and purchase: one purchase is one sale order.",
    )

    _marketplace_key_uniq = models.UniqueIndex(
        "(marketplace_key) WHERE marketplace_key IS NOT NULL",
        "This marketplace order has a sale order already.",
    )

    @api.depends(
        "marketplace_order_ids.account_id",
        "marketplace_order_ids.problem",
        "marketplace_order_ids.cancel_requested",
        "marketplace_order_ids.status",
    )
    def _compute_marketplace_orders(self):
        for sale in self:
            orders = sale.sudo().marketplace_order_ids
            sale.marketplace_order_count = len(orders)
            sale.marketplace_account_id = orders.account_id[:1]
            channels = dict(orders._fields["channel"]._description_selection(self.env))
            sale.marketplace_channel_name = channels.get(orders[:1].channel)
            sale.marketplace_warning = sale._get_marketplace_warning(orders)

    def _get_marketplace_warning(self, orders):
        """Return what a person who ships this order must know, else False."""
        if sale_cancelled := orders.filtered(lambda o: o.status == "cancelled"):
            if self.state == "sale":
                names = ", ".join(sale_cancelled.mapped("name"))
                return self.env._("Cancelled on the channel: %s.", names)
        if any(o.cancel_requested for o in orders) and self.state != "cancel":
            return self.env._("The buyer asks to cancel.")
        problems = [o.problem for o in orders if o.state == "to_fix" and o.problem]
        return problems[0] if problems else False

    # === LIFE ===

    def _prepare_confirmation_values(self):
        """A marketplace order was ordered when the buyer did, not when we got it."""
        values = super()._prepare_confirmation_values()
        placed = self.sudo().marketplace_order_ids.mapped("placed_at")
        if len(self) == 1 and placed:
            values["date_order"] = min(placed)
        return values

    def _action_confirm(self):
        result = super()._action_confirm()
        orders = self.sudo().marketplace_order_ids
        waited = orders.filtered(
            lambda o: o.state == "to_fix" and o.status != "cancelled"
        )
        waited.write({"state": "imported", "problem": False})
        waited.filtered("difference").write({"is_difference_kept": True})
        orders._settle()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        if not self.env.context.get("marketplace_from_channel"):
            self.sudo().marketplace_order_ids._ask_to_cancel_there()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_marketplace(self):
        """Deleted by a person: its orders wait, so that none is forgotten."""
        orders = self.sudo().marketplace_order_ids
        orders = orders.filtered(lambda o: o.status != "cancelled")
        orders.write(
            {
                "state": "to_fix",
                "applied_rows": False,
                "problem": self.env._(
                    "Its sale order was deleted. Retry makes a new one; Not to Be "
                    "Shipped gives up its units."
                ),
            }
        )

    # === LINES ===

    def _apply_marketplace_rows(self, orders, rows):
        """Bring the lines that come from these orders in line.

        :param rows: key → values; None = leave that line as it is
        :return: sentences about what could not be followed
        """
        self.ensure_one()
        lines = self.order_line.filtered(lambda ln: ln.marketplace_order_id in orders)
        known = {line.marketplace_key: line for line in lines}
        known.update(self._adopt_lines(rows))
        new, refused = [], []
        for key, values in rows.items():
            line = known.pop(key, None)
            if values is None:
                continue
            if line is None:
                new.append({**values, "marketplace_key": key, "order_id": self.id})
            else:
                refused += line._follow_marketplace(values)
        for line in known.values():
            refused += line._follow_marketplace(None)
        self.env["sale.order.line"].create(new)
        return refused

    def _adopt_lines(self, rows):
        """Return key → line for lines that deliver a channel's line already and were
        not made by this import: a second one would ship it twice."""
        keys = {
            values["marketplace_order_line_id"]: key
            for key, values in rows.items()
            if values and values.get("marketplace_order_line_id")
        }
        found = self.order_line.filtered(
            lambda ln: (
                not ln.marketplace_key and ln.marketplace_order_line_id.id in keys
            )
        )
        for line in found:
            line.marketplace_key = keys[line.marketplace_order_line_id.id]
            line.marketplace_order_id = line.marketplace_order_line_id.order_id
        return {line.marketplace_key: line for line in found}

    @contextmanager
    def _marketplace_unlocked(self):
        """A locked order follows the channel too, and is locked again."""
        was_locked = self.locked
        if was_locked:
            self.action_unlock()
        yield
        if was_locked:
            self.action_lock()

    def _get_marketplace_total(self):
        """Return what the lines that come from the channel come to."""
        self.ensure_one()
        lines = self.order_line.filtered(lambda line: not line.display_type)
        ours = lines.filtered("marketplace_order_id")
        return self.amount_total if ours == lines else sum(ours.mapped("price_total"))

    def _add_difference(self, order, amount):
        """Add a line that makes the total the channel's."""
        self.ensure_one()
        key = f"{order.id}/difference"
        line = self.order_line.filtered(lambda ln: ln.marketplace_key == key)
        if line:
            units = line.product_uom_qty
            line.write(
                {
                    "product_uom_qty": 1,
                    "price_unit": line.price_unit * units + amount,
                }
            )
            return
        product = order._get_service("difference_product_id")
        name = self.env._("Difference to the channel's total")
        values = order._get_plain_row(product, amount, name)
        self.env["sale.order.line"].create(
            {**values, "marketplace_key": key, "order_id": self.id}
        )

    # === ACTIONS ===

    def action_open_marketplace_orders(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "marketplace_sync.marketplace_order_action"
        )
        orders = self.marketplace_order_ids
        action["domain"] = Domain("id", "in", orders.ids)
        if len(orders) == 1:
            action.update(view_mode="form", views=[(False, "form")], res_id=orders.id)
        return action


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    marketplace_order_line_id = fields.Many2one(
        "marketplace.order.line",
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The channel's line that this one delivers.",
    )
    marketplace_order_id = fields.Many2one(
        "marketplace.order", copy=False, index="btree_not_null", ondelete="set null"
    )
    marketplace_key = fields.Char(copy=False, readonly=True)

    @api.depends("marketplace_order_line_id", "order_id.warehouse_id")
    def _compute_warehouse_id(self):
        """A line that the channel gives to another place ships from there."""
        result = super()._compute_warehouse_id()
        for line in self:
            told = line.sudo().marketplace_order_line_id.site_id.warehouse_ids
            if told and line.warehouse_id not in told and not line.route_ids:
                line.warehouse_id = told[0]
        return result

    def _follow_marketplace(self, values):
        """Take what the channel says now.

        :param values: None = the channel took it out
        :return: a list with a sentence when it cannot be followed
        """
        self.ensure_one()
        if self.state not in ("draft", "sent"):
            return self._follow_confirmed(values or {"product_uom_qty": 0.0})
        if values is None:
            self.unlink()
        else:
            self.write(values)
        return []

    def _follow_confirmed(self, values):
        """What has left stays; a product that a person replaced stays replaced."""
        quantity = values["product_uom_qty"]
        if quantity < self.qty_delivered:
            return [
                self.env._(
                    "%(product)s: the channel now wants %(wanted)s, %(left)s have left "
                    "already.",
                    product=self.product_id.display_name,
                    wanted=f"{quantity:g}",
                    left=f"{self.qty_delivered:g}",
                )
            ]
        product = values.get("product_id", self.product_id.id)
        if product != self.product_id.id:
            if quantity == self.product_uom_qty:
                return []
            return [
                self.env._(
                    "%(product)s was replaced in Odoo; the channel now wants "
                    "%(wanted)s.",
                    product=self.product_id.display_name,
                    wanted=f"{quantity:g}",
                )
            ]
        same = ("product_id", "product_uom_id", "name")
        self.write({name: v for name, v in values.items() if name not in same})
        return []
