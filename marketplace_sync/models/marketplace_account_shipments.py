"""Telling shipments: a step of the account's order action."""

import time

from odoo import api, fields, models

from .marketplace_shipment import OPEN


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    tell_shipments = fields.Boolean(
        default=True,
        help="The channel is told what has left, with carrier and tracking number.",
    )
    shipment_tracking = fields.Selection(
        [
            ("always", "Wait for it"),
            ("carrier", "Wait if the delivery has a carrier"),
            ("never", "Send without"),
        ],
        "Missing Tracking Number",
        compute="_compute_shipment_tracking",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="What becomes of a parcel that left without a tracking number. Waiting "
        "parcels are in Shipments to Fix and go out as soon as the number is entered.",
    )
    shipment_to_fix_count = fields.Integer(compute="_compute_shipment_to_fix_count")

    @api.depends("channel")
    def _compute_shipment_tracking(self):
        for account in self:
            rule = account._get_adapter_class().waits_for_tracking
            account.shipment_tracking = rule if account.channel else "carrier"

    def _compute_shipment_to_fix_count(self):
        groups = self.env["marketplace.shipment"]._read_group(
            [("account_id", "in", self.ids), ("is_to_fix", "=", True)],
            ["account_id"],
            ["__count"],
        )
        counts = {account.id: count for account, count in groups}
        for account in self:
            account.shipment_to_fix_count = counts.get(account._origin.id, 0)

    def action_open_shipments_to_fix(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_shipment_to_fix_action"
            ),
            "domain": [("account_id", "=", self.id), ("is_to_fix", "=", True)],
        }

    # === SENDING ===

    def _can_tell_shipments(self):
        return self.tell_shipments and self._get_adapter_class().supports(
            "confirm_shipment"
        )

    def _send_shipments(self, adapter, deadline):
        """Tell what waits, each parcel in transactions of its own."""
        super()._send_shipments(adapter, deadline)
        if not self._can_tell_shipments():
            return
        self._in_transaction(self._make_missed_shipments)
        while shipment := self._in_transaction(self._claim_shipment):
            if shipment.state == "sent":
                shipment._tell(adapter)
            if time.monotonic() > deadline:
                self._in_transaction(self._wake_orders)
                return

    def _make_missed_shipments(self):
        Shipment = self.env["marketplace.shipment"]
        Shipment._make_for(Shipment._find_untold_pickings(self))
        Shipment._complete_parts(self)

    def _claim_shipment(self):
        """Return the next parcel to tell: those that never failed first, so that one
        that always fails delays no other. Settled at once when the channel knows it."""
        shipment = self.env["marketplace.shipment"].search(
            [
                ("account_id", "=", self.id),
                ("state", "in", OPEN),
                ("is_tracking_missing", "=", False),
                "|",
                ("next_attempt_at", "=", False),
                ("next_attempt_at", "<=", fields.Datetime.now()),
            ],
            order="attempt_count, id",
            limit=1,
        )
        if shipment and not shipment.told_at and shipment._is_known_to_channel():
            words = self.env._("The channel showed these units as shipped before.")
            shipment.write({"state": "accepted", "outcome": "already", "note": words})
        elif shipment:
            carrier = shipment._get_carrier_values(shipment.carrier_id)
            quiet = shipment.with_context(tracking_disable=True)
            quiet.write({"state": "sent", **carrier})
        return shipment

    def _get_next_order_moments(self):
        ((moment,),) = self.env["marketplace.shipment"]._read_group(
            [
                ("account_id", "=", self.id),
                ("state", "in", OPEN),
                ("is_tracking_missing", "=", False),
            ],
            [],
            ["next_attempt_at:min"],
        )
        return [*super()._get_next_order_moments(), moment]


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    shipment_ids = fields.One2many("marketplace.shipment", "order_id", "Shipments")
    shipment_count = fields.Integer(compute="_compute_shipment_count")

    @api.depends("shipment_ids")
    def _compute_shipment_count(self):
        for order in self:
            order.shipment_count = len(order.shipment_ids)

    def write(self, vals):
        """A hold that the channel has lifted was the reason why parcels failed."""
        released = self.browse()
        if "is_held" in vals and not vals["is_held"]:
            released = self.filtered("is_held")
        result = super().write(vals)
        failed = released.shipment_ids.filtered(lambda s: s.state == "failed")
        if failed:
            failed._requeue()
        return result

    def action_open_shipments(self):
        return self.shipment_ids._action_open()


class MarketplaceOrderLine(models.Model):
    _inherit = "marketplace.order.line"

    shipment_line_ids = fields.One2many(
        "marketplace.shipment.line", "order_line_id", "Shipped With"
    )
