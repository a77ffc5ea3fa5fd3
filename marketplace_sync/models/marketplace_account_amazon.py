from odoo import fields, models

from ..channels.amazon import AmazonAdapter
from .marketplace_account import MANAGER, Secret


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    channel = fields.Selection(
        selection_add=[("amazon", "Amazon")], ondelete={"amazon": "cascade"}
    )
    amazon_seller_id = fields.Char("Amazon Seller ID", copy=False)
    amazon_client_id = fields.Char("Amazon Client ID", copy=False, groups=MANAGER)
    amazon_client_secret = Secret("Amazon Client Secret")
    amazon_refresh_token = Secret("Amazon Refresh Token")
    amazon_feed_threshold = fields.Integer(
        "Amazon Feed From",
        default=1500,
        help="From so many waiting quantities on, one feed is sent instead of a call "
        "for each. Below it single calls are faster.",
    )

    def _get_adapter_class(self):
        return (
            AmazonAdapter if self.channel == "amazon" else super()._get_adapter_class()
        )

    def _get_secret_fields(self):
        return super()._get_secret_fields() + [
            "amazon_client_secret",
            "amazon_refresh_token",
        ]

    def _get_adapter_options(self):
        options = super()._get_adapter_options()
        if self.channel == "amazon":
            options["feed_threshold"] = self.amazon_feed_threshold
        return options
