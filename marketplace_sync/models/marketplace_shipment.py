"""Parcels that have left the warehouse, as the channel is to be told of them."""

from odoo import api, fields, models

#: States in which the channel is still to be told.
OPEN = ("waiting", "sent")


class MarketplaceShipment(models.Model):
    """One parcel of one channel order.

    Made when a delivery is done (``stock.picking``), told by the account's order
    action (``_send_shipments``). Its record id is the number that the channel knows
    it by: the same over all attempts, different for every parcel of an order.
    """

    _name = "marketplace.shipment"
    _description = "Marketplace Shipment"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "shipped_at desc, id desc"
    _rec_name = "package_ref"
    _check_company_auto = True

    order_id = fields.Many2one(
        "marketplace.order",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        string="Channel Order",
    )
    account_id = fields.Many2one(related="order_id.account_id", store=True, index=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True)
    channel = fields.Selection(related="order_id.channel", store=True)
    picking_id = fields.Many2one(
        "stock.picking",
        "Delivery",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
    )
    sale_order_id = fields.Many2one(related="order_id.sale_order_id")
    channel_url = fields.Char(related="order_id.channel_url")
    package_id = fields.Many2one(
        "stock.package",
        readonly=True,
        ondelete="set null",
        help="Empty: what left without a package, all of it together.",
    )
    parcel_index = fields.Integer(
        readonly=True, help="Its place among the parcels of the delivery, from 0."
    )
    package_ref = fields.Char(
        "Parcel",
        compute="_compute_package_ref",
        help="The number that the channel knows the parcel by.",
    )
    shipped_at = fields.Datetime("Left", required=True, readonly=True)
    line_ids = fields.One2many("marketplace.shipment.line", "shipment_id", "Contents")
    units = fields.Float(
        compute="_compute_units",
        store=True,
        digits="Product Unit",
        help="Listing units that the channel is told of.",
    )

    # === CARRIER ===
    carrier_id = fields.Many2one("delivery.carrier", readonly=True)
    carrier_code = fields.Char("Carrier on the Channel", readonly=True)
    carrier_name = fields.Char(readonly=True)
    shipping_method = fields.Char(readonly=True)
    tracking_number = fields.Char(tracking=True)
    tracking_url = fields.Char("Tracking Page", readonly=True)

    # === WHAT BECAME OF IT ===
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sent", "Being Told"),
            ("accepted", "Told"),
            ("not_applicable", "Nothing to Tell"),
            ("failed", "To Fix"),
            ("cancelled", "Not to Be Told"),
        ],
        default="waiting",
        required=True,
        readonly=True,
        index=True,
        tracking=True,
        help="Told: the channel knows the parcel. Nothing to Tell: the channel moves "
        "it itself, or nothing in it is complete. To Fix: the channel refused it, or "
        "it was tried too often.",
    )
    outcome = fields.Selection(
        [
            ("accepted", "Told by us"),
            ("already", "Known to the channel before"),
            ("by_hand", "Told by hand"),
        ],
        "How",
        readonly=True,
    )
    note = fields.Char(readonly=True)
    last_error = fields.Char("Problem", readonly=True)
    attempt_count = fields.Integer("Attempts", readonly=True, default=0)
    next_attempt_at = fields.Datetime("Next Attempt", readonly=True)
    told_at = fields.Datetime("Told On", readonly=True)
    told_number = fields.Char(
        "Told Tracking Number",
        readonly=True,
        help="What the channel was told, as far as we know.",
    )
    is_untracked_ok = fields.Boolean(
        "Send Without Tracking Number",
        readonly=True,
        help="A person decided not to wait for one.",
    )
    is_tracking_missing = fields.Boolean(
        "Waits for Tracking Number",
        compute="_compute_is_tracking_missing",
        store=True,
    )
    is_tracking_optional = fields.Boolean(compute="_compute_is_tracking_optional")
    problem = fields.Char(compute="_compute_problem")
    is_to_fix = fields.Boolean(
        "Needs a Person", compute="_compute_is_to_fix", store=True
    )
    external_id = fields.Char("Channel's Id", readonly=True)
    request_id = fields.Char("Channel's Request", readonly=True)
    correlation_id = fields.Char(readonly=True)

    _due_idx = models.Index("(account_id, id) WHERE state IN ('waiting', 'sent')")
    _to_fix_idx = models.Index("(account_id) WHERE is_to_fix")

    # === COMPUTES ===

    def _compute_package_ref(self):
        for shipment in self:
            shipment.package_ref = str(shipment._origin.id or "")

    @api.depends("order_id.name")
    def _compute_display_name(self):
        for shipment in self:
            shipment.display_name = self.env._(
                "Parcel %(number)s of %(order)s",
                number=shipment._origin.id,
                order=shipment.order_id.name,
            )

    @api.depends("line_ids.units")
    def _compute_units(self):
        for shipment in self:
            shipment.units = sum(shipment.line_ids.mapped("units"))

    @api.depends(
        "state",
        "tracking_number",
        "carrier_id",
        "is_untracked_ok",
        "account_id.shipment_tracking",
    )
    def _compute_is_tracking_missing(self):
        for shipment in self:
            rule = shipment.account_id.shipment_tracking
            is_wanted = rule == "always" or (rule == "carrier" and shipment.carrier_id)
            shipment.is_tracking_missing = bool(
                is_wanted
                and shipment.state in OPEN
                and not shipment.tracking_number
                and not shipment.is_untracked_ok
            )

    @api.depends("account_id.shipment_tracking")
    def _compute_is_tracking_optional(self):
        for shipment in self:
            shipment.is_tracking_optional = (
                shipment.account_id.shipment_tracking != "always"
            )

    @api.depends("last_error", "is_tracking_missing")
    def _compute_problem(self):
        words = self.env._("Waits for the tracking number")
        for shipment in self:
            missing = shipment.is_tracking_missing and words
            shipment.problem = shipment.last_error or missing

    @api.depends("state", "is_tracking_missing")
    def _compute_is_to_fix(self):
        for shipment in self:
            shipment.is_to_fix = (
                shipment.state == "failed" or shipment.is_tracking_missing
            )


class MarketplaceShipmentLine(models.Model):
    """What of one order line is in a parcel."""

    _name = "marketplace.shipment.line"
    _description = "Marketplace Shipment Line"
    _order = "shipment_id, id"

    shipment_id = fields.Many2one(
        "marketplace.shipment",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(related="shipment_id.company_id", store=True)
    order_line_id = fields.Many2one(
        "marketplace.order.line",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    sku = fields.Char(related="order_line_id.sku")
    title = fields.Char(related="order_line_id.title")
    product_id = fields.Many2one(related="order_line_id.product_id")
    units = fields.Float(
        digits="Product Unit",
        readonly=True,
        help="Listing units that are told with this parcel: those that it completes.",
    )

    _order_line_uniq = models.Constraint(
        "UNIQUE (shipment_id, order_line_id)", "The parcel already has this line."
    )
