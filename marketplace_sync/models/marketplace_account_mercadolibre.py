from odoo import fields, models

from ..channels.mercadolibre import MercadoLibreAdapter
from .marketplace_account import MANAGER, Secret


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    channel = fields.Selection(
        selection_add=[("mercadolibre", "Mercado Libre")],
        ondelete={"mercadolibre": "cascade"},
    )
    mercadolibre_user_id = fields.Char("Mercado Libre User ID", copy=False)
    mercadolibre_client_id = fields.Char(
        "Mercado Libre Client ID", copy=False, groups=MANAGER
    )
    mercadolibre_client_secret = Secret("Mercado Libre Client Secret")
    mercadolibre_access_token = Secret("Mercado Libre Access Token")
    mercadolibre_refresh_token = Secret(
        "Mercado Libre Refresh Token",
        help="Works once: it is replaced at every refresh.",
    )

    def _get_adapter_class(self):
        return (
            MercadoLibreAdapter
            if self.channel == "mercadolibre"
            else super()._get_adapter_class()
        )

    def _get_secret_fields(self):
        return super()._get_secret_fields() + [
            "mercadolibre_client_secret",
            "mercadolibre_access_token",
            "mercadolibre_refresh_token",
        ]

    # === NOTIFICATIONS ===

    def _get_notification_mode(self):
        if self.channel == "mercadolibre":
            return "paste"
        return super()._get_notification_mode()

    def _get_webhook_secrets(self):
        """Nobody signs them: user and application have to be this account's."""
        if self.channel == "mercadolibre":
            return [self.mercadolibre_client_id or ""]
        return super()._get_webhook_secrets()

    def _get_webhook_ref(self):
        if self.channel == "mercadolibre":
            return self.mercadolibre_user_id or ""
        return super()._get_webhook_ref()

    def _get_order_ids_of_shipment(self, adapter, external_id):
        if self.channel == "mercadolibre":
            return adapter.fetch_shipment_orders(external_id)
        return super()._get_order_ids_of_shipment(adapter, external_id)

    def _find_listings_of_event(self, external_id):
        """An item's variations are listings of their own: ``MLM1:2`` of ``MLM1``."""
        found = super()._find_listings_of_event(external_id)
        if self.channel != "mercadolibre" or not external_id:
            return found
        variations = [
            ("account_id", "=", self.id),
            ("external_ref", "=like", f"{external_id}:%"),
        ]
        return found | self.env["marketplace.listing"].search(variations)
