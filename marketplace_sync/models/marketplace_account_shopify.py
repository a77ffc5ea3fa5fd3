from odoo import fields, models

from ..channels.shopify import ShopifyAdapter
from .marketplace_account import MANAGER, Secret


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    channel = fields.Selection(
        selection_add=[("shopify", "Shopify")], ondelete={"shopify": "cascade"}
    )
    shopify_shop = fields.Char(
        "Shop Address", copy=False, help="my-shop, or my-shop.myshopify.com"
    )
    shopify_client_id = fields.Char("Shopify Client ID", copy=False, groups=MANAGER)
    shopify_client_secret = Secret("Shopify Client Secret")
    shopify_access_token = Secret(
        "Shopify Access Token",
        help="For an app made in the shop's own admin. Leave it empty for an app of "
        "the developer dashboard: its client id and secret are used.",
    )

    def _get_adapter_class(self):
        return (
            ShopifyAdapter
            if self.channel == "shopify"
            else super()._get_adapter_class()
        )

    def _get_secret_fields(self):
        return super()._get_secret_fields() + [
            "shopify_client_secret",
            "shopify_access_token",
        ]
