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
