from odoo import api, fields, models

from ..engine.buffer import BufferLine


class MarketplaceBufferPolicy(models.Model):
    """How many units are never shown, by sync interval and sales velocity."""

    _name = "marketplace.buffer.policy"
    _description = "Marketplace Buffer Policy"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Empty: any company may use this policy."
    )
    line_ids = fields.One2many(
        "marketplace.buffer.policy.line", "policy_id", "Lines", copy=True
    )

    @api.model
    def _get_default(self):
        return (
            self.env.ref(
                "marketplace_sync.marketplace_buffer_policy_velocity",
                raise_if_not_found=False,
            )
            or self.browse()
        )

    def _get_engine_lines(self):
        """Return the lines as the engine takes them."""
        return [
            BufferLine(
                line.max_interval_minutes,
                line.velocity_min,
                line.velocity_max,
                line.units,
                line.percent,
            )
            for line in self.line_ids
        ]

    def write(self, vals):
        result = super().write(vals)
        if "line_ids" in vals or "active" in vals:
            self._mark_listings_changed()
        return result

    def _mark_listings_changed(self):
        """Have the listings that follow these policies computed again."""
        listings = (
            self.env["marketplace.listing"]
            .sudo()
            .search([("effective_buffer_policy_id", "in", self.ids)])
        )
        listings._mark_changed()


class MarketplaceBufferPolicyLine(models.Model):
    """One row: for accounts swept at least so often, and products that sell so fast."""

    _name = "marketplace.buffer.policy.line"
    _description = "Marketplace Buffer Policy Line"
    _order = "max_interval_minutes, velocity_min, id"

    policy_id = fields.Many2one(
        "marketplace.buffer.policy", required=True, ondelete="cascade", index=True
    )
    max_interval_minutes = fields.Integer(
        "Sync Interval up to (min)",
        help="The line applies to accounts that are swept at least this often. "
        "0 = any interval.",
    )
    velocity_min = fields.Float(
        "Sold a Day, from",
        digits=(16, 2),
        help="Units of the product sold a day, measured over the last 28 days of "
        "confirmed sales.",
    )
    velocity_max = fields.Float(
        "Sold a Day, to", digits=(16, 2), help="Inclusive. 0 = no upper limit."
    )
    units = fields.Integer(help="Never show these units.")
    percent = fields.Float(
        digits=(5, 2),
        help="Never show this part of the effective quantity, rounded up to whole "
        "units. The larger of units and percent counts.",
    )

    _check_units = models.Constraint(
        "CHECK (units >= 0)", "A buffer cannot be negative."
    )
    _check_percent = models.Constraint(
        "CHECK (percent >= 0 AND percent <= 100)",
        "A buffer's percentage lies between 0 and 100.",
    )
    _check_velocity = models.Constraint(
        "CHECK (velocity_max = 0 OR velocity_max >= velocity_min)",
        "The upper end of the velocity range lies below its lower end.",
    )
    _check_interval = models.Constraint(
        "CHECK (max_interval_minutes >= 0)", "A sync interval cannot be negative."
    )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.policy_id._mark_listings_changed()
        return lines

    def write(self, vals):
        result = super().write(vals)
        self.policy_id._mark_listings_changed()
        return result

    def unlink(self):
        policies = self.policy_id
        result = super().unlink()
        policies.exists()._mark_listings_changed()
        return result
