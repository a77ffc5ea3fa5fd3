"""Returns, refunds and claims: kept beside the sale order, drafted as return deliveries
into a location that is not for sale, and never received by themselves."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .marketplace_order import RAW_DAYS, RAW_PARAMETER


class MarketplaceReturn(models.Model):
    """One return as the channel tells it.

    Units become sellable only when a person receives them and moves them into stock.
    """

    _name = "marketplace.return"
    _description = "Marketplace Return"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "opened_at desc, id desc"
    _rec_name = "external_id"
    _check_company_auto = True

    account_id = fields.Many2one(
        "marketplace.account",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    channel = fields.Selection(related="account_id.channel", store=True)
    external_id = fields.Char("Channel's Id", required=True, readonly=True)
    order_ref = fields.Char("Channel's Order", required=True, readonly=True, index=True)
    order_id = fields.Many2one(
        "marketplace.order", readonly=True, index="btree_not_null", ondelete="set null"
    )
    sale_order_id = fields.Many2one(related="order_id.sale_order_id", store=True)
    kind = fields.Selection(
        [("refund", "Refund"), ("return", "Return"), ("claim", "Claim")],
        required=True,
        readonly=True,
    )
    status = fields.Selection(
        [("open", "Open"), ("received", "Received"), ("closed", "Closed")],
        "On the Channel",
        required=True,
        readonly=True,
        help="Received: the channel says that the goods are back.",
    )
    told = fields.Char("Channel's Word", readonly=True)
    reason = fields.Char(readonly=True)
    disposition = fields.Char(
        "State of the Goods", readonly=True, help="In the channel's own words."
    )
    comments = fields.Text(
        "Buyer's Comment",
        readonly=True,
        help="Forgotten after some weeks, like the buyers' other data.",
    )
    place = fields.Char("Channel's Warehouse", readonly=True)
    fingerprint = fields.Char(readonly=True, copy=False)
    contents = fields.Char(compute="_compute_contents")
    note = fields.Char(compute="_compute_note")
    goes_to_channel = fields.Boolean(
        "Goes to the Channel",
        readonly=True,
        help="The goods go to the channel's own warehouse, not to us.",
    )
    opened_at = fields.Datetime("Opened", readonly=True)
    updated_at = fields.Datetime("Changed on the Channel", readonly=True)
    line_ids = fields.One2many("marketplace.return.line", "return_id", "Lines")
    picking_ids = fields.One2many(
        "stock.picking", "marketplace_return_id", "Return Deliveries", readonly=True
    )
    state = fields.Selection(
        [
            ("noted", "Noted"),
            ("drafted", "To Receive"),
            ("done", "Received by Us"),
        ],
        compute="_compute_state",
        store=True,
        tracking=True,
        help="To Receive: a return delivery waits as a draft. Received by Us: a person "
        "has received it, into a location that is not for sale.",
    )
    problem = fields.Char(
        readonly=True, help="Why there is no return delivery, in words."
    )

    _account_external_uniq = models.Constraint(
        "UNIQUE (account_id, external_id)", "The account already has this return."
    )

    @api.depends("picking_ids.state")
    def _compute_state(self):
        for one in self:
            live = one.picking_ids.filtered(lambda p: p.state != "cancel")
            states = set(live.mapped("state"))
            received = states == {"done"}
            one.state = "done" if received else "drafted" if states else "noted"

    @api.depends("line_ids.quantity", "line_ids.sku")
    def _compute_contents(self):
        for one in self:
            rows = [f"{line.quantity:g} × {line.sku or '?'}" for line in one.line_ids]
            one.contents = ", ".join(rows)

    @api.depends("problem", "goes_to_channel", "order_id", "line_ids.order_line_id")
    def _compute_note(self):
        """Say why nothing comes to us, and what is not linked."""
        for one in self.sudo():
            words = [one._get_channel_note() or one.problem, one._get_link_note()]
            one.note = " ".join(dict.fromkeys(filter(None, words))) or False

    def _get_channel_note(self):
        if not self.goes_to_channel:
            return False
        return self.env._(
            "The goods go to the channel's own warehouse: there is nothing to receive "
            "here. They are sold again when the channel counts them as fulfillable."
        )

    def _get_link_note(self):
        """Say what of a channel's own return is not known here; of goods that come to
        us, the return delivery says it."""
        if not self.goes_to_channel:
            return False
        if not self.order_id:
            return self.env._("Order %s is not known here.", self.order_ref)
        lost = self.line_ids.filtered(lambda line: not line.order_line_id)
        if not lost:
            return False
        return self.env._(
            "Order %(order)s has no line with SKU %(skus)s.",
            order=self.order_id.name,
            skus=", ".join(line.sku or "?" for line in lost),
        )

    # === RETENTION ===

    @api.autovacuum
    def _gc_comments(self):
        """Forget what buyers wrote, when the orders' own data are forgotten."""
        parameters = self.env["ir.config_parameter"].sudo()
        days = int(parameters.get_param(RAW_PARAMETER, RAW_DAYS))
        before = fields.Datetime.subtract(fields.Datetime.now(), days=max(1, days))
        self.search(
            [("comments", "!=", False), ("write_date", "<", before)], limit=10_000
        ).comments = False

    # === RETURN DELIVERY ===

    def action_draft_delivery(self):
        """Draft the return deliveries of these returns; say why where none can be."""
        for one in self:
            one._draft_delivery()
        without = self.filtered(lambda one: one.problem and not one.picking_ids)
        if len(self) == 1 and without:
            raise UserError(without.problem)
        return True

    def _draft_delivery(self):
        """Draft a return of what was delivered, as Odoo's own return does, without
        confirming anything. Safe to call again."""
        self.ensure_one()
        self._link_order()
        if self.picking_ids.filtered(lambda p: p.state != "cancel"):
            return
        self.problem = self._get_obstacle()
        if self.problem:
            return
        plan, missing = self._plan_moves()
        for picking, quantities in plan.items():
            if quantities:
                self._draft_picking(picking, quantities)
        if missing:
            self.problem = self.env._(
                "Not delivered by us, or returned already: %s",
                ", ".join(missing),
            )

    def _link_order(self):
        for one in self.filtered(lambda one: not one.order_id):
            one.order_id = self.env["marketplace.order"].search(
                [
                    ("account_id", "=", one.account_id.id),
                    ("external_id", "=", one.order_ref),
                ]
            )
        self.line_ids._link_lines()

    def _get_obstacle(self):
        """Say why nothing comes back to us, False when something may."""
        if not self.line_ids.filtered("comes_back"):
            return self.env._("No goods come back.")
        if self.goes_to_channel:
            return self.env._("The goods go to the channel's own warehouse.")
        if not self.order_id:
            return self.env._("Order %s is not known here.", self.order_ref)
        if all(line.order_line_id.fulfilled_by_channel for line in self.line_ids):
            return self.env._("The channel shipped these goods; they go back there.")
        if not self.sale_order_id:
            return self.env._("Its order has no sale order.")
        if not self.account_id.return_location_id:
            return self.env._(
                "Choose the location for returned goods on the account first."
            )
        return False

    def _plan_moves(self):
        """Return {picking: {delivery move: quantity}} in the moves' unit, and the SKUs
        of which less was delivered than comes back."""
        plan, missing = {}, []
        for line in self.line_ids.filtered("comes_back"):
            order_line = line.order_line_id
            if order_line.fulfilled_by_channel:
                continue
            if not order_line.product_id:
                missing.append(line.sku or line.external_ref or "?")
                continue
            units = line.quantity * (order_line.units_per_listing or 1)
            parts = order_line._get_returned_parts(units)
            left = [self._plan_part(plan, order_line, *part) for part in parts.items()]
            if any(left):
                missing.append(line.sku)
        return plan, missing

    def _plan_part(self, plan, order_line, product, wanted):
        """Plan the return of one product of a line; return what was not delivered.

        :param wanted: in the product's own unit
        """
        uom = product.uom_id
        for move in self._get_delivered(order_line, product):
            quantities = plan.setdefault(move.picking_id, {})
            left = self._get_returnable(move) - quantities.get(move, 0)
            left = move.product_uom._compute_quantity(left, uom, round=False)
            taken = min(wanted, left)
            if uom.compare(taken, 0) > 0:
                more = uom._compute_quantity(taken, move.product_uom)
                quantities[move] = quantities.get(move, 0) + more
                wanted -= taken
        return wanted if uom.compare(wanted, 0) > 0 else 0

    def _get_delivered(self, order_line, product):
        """Return the moves that brought a product of a line to the buyer."""
        moves = order_line.sale_line_ids.move_ids
        return moves.filtered(
            lambda move: (
                move.state == "done"
                and move.picking_id
                and move.location_dest_usage == "customer"
                and move.product_id == product
            )
        )

    @api.model
    def _get_returnable(self, move):
        """Return what of a delivery has not been returned, nor is about to be."""
        back = move.returned_move_ids.filtered(lambda one: one.state != "cancel")
        return move.quantity - sum(
            one.quantity if one.state == "done" else one.product_uom_qty for one in back
        )

    def _draft_picking(self, picking, quantities):
        """Make the return that Odoo's wizard would make, and leave it a draft."""
        location = self.account_id.return_location_id
        wizard = (
            self.env["stock.return.picking"].sudo().create({"picking_id": picking.id})
        )
        for line in wizard.product_return_moves:
            line.quantity = quantities.get(line.move_id, 0)
        values = wizard._prepare_picking_default_values()
        values.update(location_dest_id=location.id, user_id=False)
        draft = picking.sudo().copy(values)
        for line in wizard.product_return_moves:
            line._process_line(draft)
        draft.move_ids.location_dest_id = location
        draft.message_post(
            body=self.env._(
                "Drafted for %(kind)s %(name)s. Check the goods when they arrive; they "
                "are not for sale until you move them into stock.",
                kind=self._get_kind_label(),
                name=self.external_id,
            )
        )
        draft.marketplace_return_id = self

    def _get_kind_label(self):
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    def action_open_deliveries(self):
        self.ensure_one()
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Return Deliveries"),
            "res_model": "stock.picking",
            "view_mode": "list,form",
            "domain": Domain("id", "in", self.picking_ids.ids),
        }
        if len(self.picking_ids) == 1:
            action.update(view_mode="form", res_id=self.picking_ids.id)
        return action


class MarketplaceReturnLine(models.Model):
    """Units of one line of an order that are returned or refunded."""

    _name = "marketplace.return.line"
    _description = "Marketplace Return Line"
    _order = "return_id, id"
    _rec_name = "sku"

    return_id = fields.Many2one(
        "marketplace.return", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="return_id.company_id", store=True)
    line_ref = fields.Char("Channel's Line", readonly=True)
    sku = fields.Char("SKU", readonly=True)
    external_ref = fields.Char(readonly=True)
    order_line_id = fields.Many2one(
        "marketplace.order.line", readonly=True, ondelete="set null"
    )
    product_id = fields.Many2one("product.product", compute="_compute_product_id")
    quantity = fields.Float(digits="Product Unit", readonly=True, help="Listing units.")
    comes_back = fields.Boolean(
        readonly=True, help="Not ticked: the buyer keeps the goods."
    )

    @api.depends("order_line_id.product_id", "sku", "return_id.account_id")
    def _compute_product_id(self):
        """The order tells; else the account's listings of this SKU, if they agree."""
        Listing = self.env["marketplace.listing"].sudo()
        Listing = Listing.with_context(active_test=False)
        unknown = self.filtered(lambda line: not line.order_line_id and line.sku)
        listings = Listing.search(
            [
                ("account_id", "in", unknown.return_id.account_id.ids),
                ("sku", "in", unknown.mapped("sku")),
            ]
        ).grouped(lambda listing: (listing.account_id, listing.sku))
        for line in self:
            found = listings.get((line.return_id.account_id, line.sku), Listing)
            product = line.order_line_id.product_id or found.product_id
            line.product_id = product if len(product) == 1 else False

    def _link_lines(self):
        """Find the order's line: by the channel's id, else by listing, else by SKU."""
        for line in self.filtered(lambda line: not line.order_line_id):
            lines = line.return_id.order_id.line_ids
            for name, value in (
                ("external_id", line.line_ref),
                ("external_ref", line.external_ref),
                ("sku", line.sku),
            ):
                found = lines.filtered(lambda one, n=name, v=value: v and one[n] == v)
                if found:
                    line.order_line_id = found[:1]
                    break
            line.sku = line.sku or line.order_line_id.sku


class MarketplaceOrderLine(models.Model):
    _inherit = "marketplace.order.line"

    def _get_returned_parts(self, units):
        """Return {product: quantity} that came back with units of the line's product.

        Of a kit its components, as the sale order's own moves had them: the bill of
        materials may have been edited since.
        """
        self.ensure_one()
        sold = self.sale_line_ids[:1]
        needed = sold._get_needed_parts() if sold else {self.product_id: 1}
        return {product: float(units * each) for product, each in needed.items()}
