from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: Days that a difference is accepted for unless a person says otherwise.
DAYS = 30


class MarketplaceReconciliationAccept(models.TransientModel):
    """Let findings be, with a reason and an end."""

    _name = "marketplace.reconciliation.accept"
    _description = "Accept Findings"

    line_ids = fields.Many2many(
        "marketplace.reconciliation.line",
        "marketplace_reconcile_accept_line_rel",  # the default's name is too long
        string="Findings",
        required=True,
    )
    reason = fields.Char(required=True)
    until = fields.Date(
        "Accepted Until",
        required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=DAYS),
        help="The finding comes back after this day, or as soon as the numbers change.",
    )

    @api.constrains("until")
    def _check_until(self):
        today = fields.Date.context_today(self)
        if any(accept.until < today for accept in self):
            raise ValidationError(self.env._("Choose today or a later day."))

    def action_accept(self):
        self.ensure_one()
        self.line_ids._accept(self.reason, self.until)
        return {"type": "ir.actions.act_window_close"}
