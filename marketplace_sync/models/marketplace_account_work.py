from odoo import api, fields, models


class MarketplaceAccountWork(models.AbstractModel):
    """Something done for an account time and again, called by account and number."""

    _name = "marketplace.account.work"
    _description = "Work for a Marketplace Account"
    _order = "id desc"

    name = fields.Char(compute="_compute_name")
    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    channel = fields.Selection(related="account_id.channel", store=True)

    @api.depends("account_id.name")
    def _compute_name(self):
        for work in self:
            work.name = f"{work.account_id.name} #{work.id}"
