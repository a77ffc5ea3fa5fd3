"""Deliveries that a channel is told of. Nothing here waits for a channel, and nothing
here may keep a delivery from being done."""

import logging

from odoo import api, fields, models
from psycopg2 import OperationalError

_logger = logging.getLogger(__name__)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    marketplace_shipment_ids = fields.One2many(
        "marketplace.shipment", "picking_id", "Marketplace Shipments"
    )
    # One delivery, one return: with a table between them Odoo would search for returns
    # at each change of state of each move.
    marketplace_return_id = fields.Many2one(
        "marketplace.return",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    marketplace_shipment_count = fields.Integer(
        compute="_compute_marketplace_shipment", compute_sudo=True
    )
    marketplace_shipment_state = fields.Selection(
        [("told", "Told"), ("waiting", "Waiting"), ("to_fix", "To Fix")],
        "Channel",
        compute="_compute_marketplace_shipment",
        compute_sudo=True,
    )
    marketplace_tracking_missing = fields.Char(
        compute="_compute_marketplace_shipment",
        compute_sudo=True,
        help="Accounts that wait for the tracking number.",
    )
    marketplace_tracking_optional = fields.Boolean(
        compute="_compute_marketplace_shipment", compute_sudo=True
    )
    marketplace_shipment_problem = fields.Char(
        compute="_compute_marketplace_shipment", compute_sudo=True
    )

    @api.depends(
        "marketplace_shipment_ids.state",
        "marketplace_shipment_ids.is_to_fix",
        "marketplace_shipment_ids.last_error",
    )
    def _compute_marketplace_shipment(self):
        for picking in self:
            shipments = picking.marketplace_shipment_ids
            missing = shipments.filtered("is_tracking_missing")
            failed = shipments.filtered(lambda s: s.state == "failed")
            state = shipments and "told"
            if shipments.filtered(lambda s: s.state in ("waiting", "sent")):
                state = "waiting"
            if missing or failed:
                state = "to_fix"
            picking.marketplace_shipment_count = len(shipments)
            picking.marketplace_shipment_state = state or False
            picking.marketplace_tracking_missing = ", ".join(
                missing.account_id.mapped("name")
            )
            picking.marketplace_tracking_optional = any(
                missing.mapped("is_tracking_optional")
            )
            problems = dict.fromkeys(filter(None, failed.mapped("last_error")))
            picking.marketplace_shipment_problem = " ".join(problems)

    def _action_done(self):
        result = super()._action_done()
        self._make_marketplace_shipments()
        return result

    def _make_marketplace_shipments(self):
        """Note what the channels are to be told.

        A fault of ours keeps no delivery from being done: the order action finds what
        has no parcel, and says at the account what went wrong.
        """
        moves = self.sudo().move_ids.filtered(lambda move: move._is_told())
        if not moves:
            return
        self.env.flush_all()
        accounts = moves.sale_line_id.marketplace_order_line_id.account_id
        try:
            with self.env.cr.savepoint():
                self.env["marketplace.shipment"].sudo()._make_for(moves.picking_id)
        except OperationalError:
            raise  # a collision: Odoo runs the whole request again
        except Exception:
            _logger.exception("Deliveries %s: parcels not made", moves.picking_id.ids)
        accounts._wake_orders()

    def write(self, vals):
        result = super().write(vals)
        if {"carrier_tracking_ref", "carrier_id"} & vals.keys():
            shipments = self.sudo().marketplace_shipment_ids
            shipments._take_carrier(may_clear="carrier_tracking_ref" in vals)
        return result

    def action_open_marketplace_shipments(self):
        self.ensure_one()
        return self.marketplace_shipment_ids._action_open()

    def action_retry_marketplace_shipments(self):
        self.check_access("write")
        return self.sudo().marketplace_shipment_ids.action_retry()

    def action_send_marketplace_untracked(self):
        self.check_access("write")
        return self.sudo().marketplace_shipment_ids.action_send_untracked()


class StockMove(models.Model):
    _inherit = "stock.move"

    def _is_for_customer(self):
        """Tell whether the move, or the chain that it is in, goes to a customer."""
        goal = self.location_final_id or self.location_dest_id
        return goal.usage == "customer" and not self.origin_returned_move_id

    def _is_told(self):
        """Tell whether the move took goods of a channel order to the customer: its own
        warehouse's last step, or a supplier's. Not what comes back, nor what goes out
        once more after it came back: that was told when it left first."""
        return (
            self.state == "done"
            and self.location_dest_id.usage == "customer"
            and self.location_id.usage != "customer"
            and not self.origin_returned_move_id
            and bool(self.sale_line_id.marketplace_order_line_id)
        )
