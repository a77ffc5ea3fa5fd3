"""Corrections of the channel's location in Odoo: proposed from what the channel counts,
decided by a person.

Approving is the one thing in this addon that writes stock; a test reads the sources.
"""

from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.channel_stock import transitions


class MarketplaceStockReview(models.Model):
    """One difference between two days of a channel's own count, and what it would mean
    for the location that stands for the channel's good units."""

    _name = "marketplace.stock.review"
    _description = "Stock Review"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True

    channel_stock_id = fields.Many2one(
        "marketplace.channel.stock",
        "Count",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    listing_id = fields.Many2one(
        "marketplace.listing", required=True, readonly=True, ondelete="cascade"
    )
    account_id = fields.Many2one(related="listing_id.account_id", store=True)
    site_id = fields.Many2one(related="listing_id.site_id", store=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    channel = fields.Selection(related="account_id.channel", store=True)
    product_id = fields.Many2one(
        "product.product", required=True, readonly=True, check_company=True
    )
    uom_id = fields.Many2one(related="product_id.uom_id")
    location_id = fields.Many2one(
        "stock.location",
        "Channel's Location",
        required=True,
        readonly=True,
        check_company=True,
        ondelete="cascade",
    )
    pool_ref = fields.Char(
        readonly=True, help="Listings that show the same units are proposed once."
    )
    date = fields.Date(required=True, readonly=True)
    since = fields.Date(required=True, readonly=True)
    kind = fields.Selection(
        [
            ("restored", "Fit for sale again"),
            ("found", "Found"),
            ("damaged", "No longer fit for sale"),
            ("lost", "Lost or looked for"),
        ],
        "What Happened",
        required=True,
        readonly=True,
    )
    proposed_qty = fields.Float("Proposed", digits="Product Unit", readonly=True)
    qty = fields.Float(
        "Change",
        digits="Product Unit",
        tracking=True,
        help="What is added to the location, or taken from it, on approval. In the "
        "product's own unit.",
    )
    recorded_qty = fields.Float(
        "Recorded Now", digits="Product Unit", compute="_compute_recorded_qty"
    )
    evidence = fields.Json(readonly=True)
    evidence_table = fields.Html(compute="_compute_evidence_table", sanitize=False)
    state = fields.Selection(
        [
            ("proposed", "To Decide"),
            ("approved", "Approved"),
            ("refused", "Refused"),
        ],
        default="proposed",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
    )
    problem = fields.Char(readonly=True, help="Why it could not be carried out.")
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime("Decided", readonly=True)
    move_ids = fields.Many2many("stock.move", string="Moves", readonly=True)

    _pool_kind_uniq = models.Constraint(
        "UNIQUE (account_id, pool_ref, date, kind)",
        "This difference has been proposed already.",
    )

    # === COMPUTES ===

    @api.depends("kind", "listing_id.sku", "date")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for review in self:
            review.display_name = (
                f"{review.listing_id.sku}: {kinds.get(review.kind, '')}"
            )

    @api.depends("product_id", "location_id", "state")
    def _compute_recorded_qty(self):
        for review in self:
            review.recorded_qty = review.sudo()._get_quant().quantity

    def _get_quant(self):
        """Return the quant that an adjustment changes: no lot, package or owner."""
        if not self.product_id or not self.location_id:
            return self.env["stock.quant"]
        quants = self.env["stock.quant"]._gather(
            self.product_id, self.location_id, strict=True
        )
        return quants.filtered(lambda quant: not quant.lot_id)[:1]

    @api.depends("evidence")
    def _compute_evidence_table(self):
        for review in self:
            row = Markup("<tr><td>%s</td>%s<td class='text-end fw-bold'>%s</td></tr>")
            cell = Markup("<td class='text-end'>%s</td>")
            head = row % (
                self.env._("Bucket"),
                cell % (review.since or "") + cell % (review.date or ""),
                self.env._("Change"),
            )
            rows = [
                row
                % (
                    one["label"],
                    cell % one["before"] + cell % one["after"],
                    f"{one['after'] - one['before']:+}",
                )
                for one in review.evidence or []
            ]
            table = Markup('<table class="table table-sm mb-0">%s</table>')
            review.evidence_table = table % (head + Markup().join(rows))

    # === PROPOSING ===

    @api.model
    def _propose(self, stocks):
        """Propose what these counts show against the day before.

        Nothing is proposed without a location to correct, or without a product.
        """
        for stock in stocks:
            location = stock.site_id._get_channel_location()
            previous = stock._get_previous()
            if not (location and previous and stock.product_id):
                continue
            before, after = previous._get_count(), stock._get_count()
            if not (stock.is_fulfillable_told and previous.is_fulfillable_told):
                continue  # a bucket that vanished is no unit that was lost
            changes = {one.kind: one.units for one in transitions(before, after)}
            self._follow(stock, previous, location, changes)

    @api.model
    def _follow(self, stock, previous, location, changes):
        """Create, correct or withdraw the proposals of one count."""
        pool = stock.external_id or f"listing {stock.listing_id.id}"
        known = self.search(
            [
                ("account_id", "=", stock.account_id.id),
                ("pool_ref", "=", pool),
                ("date", "=", stock.date),
            ]
        )
        for review in known.filtered(lambda one: one.state == "proposed"):
            if review.listing_id != stock.listing_id:
                continue
            units = changes.get(review.kind)
            if units is None:  # a later read of the day says that it was not so
                review.unlink()
            elif review.proposed_qty != units * stock.listing_id.units_per_listing:
                review.write(self._get_values(stock, previous, units))
        told = set(known.exists().mapped("kind"))
        self.create(
            [
                {
                    "listing_id": stock.listing_id.id,
                    "location_id": location.id,
                    "pool_ref": pool,
                    "kind": kind,
                    **self._get_values(stock, previous, units),
                }
                for kind, units in changes.items()
                if kind not in told
            ]
        )

    @api.model
    def _get_values(self, stock, previous, units):
        quantity = units * stock.listing_id.units_per_listing
        return {
            "channel_stock_id": stock.id,
            "product_id": stock.product_id.id,
            "date": stock.date,
            "since": previous.date,
            "proposed_qty": quantity,
            "qty": quantity,
            "evidence": self._get_evidence(previous, stock),
        }

    @api.model
    def _get_evidence(self, before, after):
        """Return every bucket that changed, under the channel's own name."""
        counts = {}
        for position, stock in enumerate((before, after)):
            for one in stock.buckets or []:
                row = counts.setdefault(one["name"], [0, 0, one["kind"]])
                row[position] += one["quantity"]
        rows = []
        for name, (old, new, kind) in counts.items():
            if old != new:
                label, _words = after._get_bucket_words(name, kind)
                rows.append({"label": label, "before": old, "after": new})
        return rows

    # === DECIDING ===

    def action_approve(self):
        """Carry out these proposals; one that cannot be says why, and hinders none."""
        for review in self:
            review.check_access("write")
        waiting = self.filtered(lambda review: review.state == "proposed")
        if len(waiting) == 1:
            waiting._approve()
            return True
        for review in waiting:
            try:
                with self.env.cr.savepoint():
                    review._approve()
            except UserError as error:
                review.sudo().problem = str(error)
        return self._notify_approved(waiting)

    def _approve(self):
        """Adjust the location's inventory, as a person does in Odoo, with the person's
        own rights."""
        self.ensure_one()
        self._check_adjustable()
        quantity = self._get_new_quantity()
        quants = self.env["stock.quant"].with_context(
            inventory_mode=True, inventory_name=self.display_name
        )
        moves = self.env["stock.move"].sudo()
        domain = [("product_id", "=", self.product_id.id), ("is_inventory", "=", True)]
        last = moves.search(domain, order="id desc", limit=1)
        quant = quants.create(
            {**self._get_quant_values(), "inventory_quantity": quantity}
        )
        if quant.action_apply_inventory():
            raise UserError(
                self.env._("Somebody counts this location just now. Try again later.")
            )
        made = moves.search([*domain, ("id", ">", last.id or 0)])
        self._decide("approved")
        self.sudo().move_ids = made

    def _get_quant_values(self):
        """Return what names the quant that an adjustment changes."""
        return {"product_id": self.product_id.id, "location_id": self.location_id.id}

    def _get_new_quantity(self):
        """Return what is to be recorded after the change."""
        recorded = self._get_quant().quantity
        if self.product_id.uom_id.compare(recorded + self.qty, 0) >= 0:
            return recorded + self.qty
        raise UserError(
            self.env._(
                "Only %(recorded)g of %(product)s are recorded in %(location)s: "
                "%(change)g cannot be taken from it. Correct the change, or refuse.",
                recorded=recorded,
                product=self.product_id.display_name,
                location=self.location_id.display_name,
                change=-self.qty,
            )
        )

    def _check_adjustable(self):
        if not self.env.user.has_group("stock.group_stock_user"):
            raise UserError(
                self.env._(
                    "Approving changes the inventory: that takes the rights of an "
                    "Inventory user."
                )
            )
        if not self.product_id.uom_id.compare(self.qty, 0):
            raise UserError(self.env._("A change of 0 is no change: refuse it."))

    def action_refuse(self):
        """Leave the stock as it is."""
        for review in self.filtered(lambda review: review.state == "proposed"):
            review._decide("refused")

    def _decide(self, state):
        self.write(
            {
                "state": state,
                "problem": False,
                "decided_by_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )
        words = {
            "approved": self.env._(
                "Approved: %(change)s in %(location)s.",
                change=f"{self.qty:+g}",
                location=self.location_id.display_name,
            ),
            "refused": self.env._("Refused: the stock stays as it is."),
        }
        self.message_post(body=words[state])

    def _notify_approved(self, reviews):
        failed = reviews.filtered("problem")
        message = self.env._("%s adjustments were made.", len(reviews - failed))
        if failed:
            message += " " + self.env._("%s could not be: see Problem.", len(failed))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if failed else "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.constrains("qty")
    def _check_decided(self):
        """What was decided stays as it was decided."""
        for review in self:
            if review.state != "proposed":
                raise UserError(
                    self.env._("%s is decided already.", review.display_name)
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        if any(review.state != "proposed" for review in self):
            raise UserError(self.env._("A decision is kept: it is part of the log."))
