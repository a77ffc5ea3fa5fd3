from odoo import fields, models

from ..channels.shopify import ShopifyAdapter
from .marketplace_account import MANAGER, Secret
from .marketplace_credential import WrongKeyError

#: Headers of a notification that are stored with it; never the signature.
KEPT_HEADERS = (
    "x-shopify-topic",
    "x-shopify-shop-domain",
    "x-shopify-api-version",
    "x-shopify-webhook-id",
    "x-shopify-event-id",
    "x-shopify-triggered-at",
)


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
    shopify_previous_client_secret = Secret(
        "Shopify Previous Client Secret",
        help="While the secret is being rotated, Shopify goes on signing notifications "
        "with the old one. It is kept here when you type a new one; empty it once the "
        "old one is revoked.",
    )
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
            "shopify_previous_client_secret",
            "shopify_access_token",
        ]

    def _store_secrets(self, secrets):
        """Keep the client secret that is being replaced: notifications are signed with
        the oldest one that is not revoked."""
        name, previous = "shopify_client_secret", "shopify_previous_client_secret"
        if not secrets.get(name) or previous in secrets:
            return super()._store_secrets(secrets)
        for account in self:
            old = account._get_old_secret(name)
            kept = {previous: old} if old and old != secrets[name] else {}
            super(MarketplaceAccount, account)._store_secrets({**secrets, **kept})
        return None

    def _get_old_secret(self, name):
        try:
            return self._get_secrets().get(name)
        except WrongKeyError:
            return None  # they are being typed again

    # === NOTIFICATIONS ===

    def _get_notification_mode(self):
        if self.channel == "shopify":
            return "register"
        return super()._get_notification_mode()

    def _get_webhook_secrets(self):
        if self.channel != "shopify":
            return super()._get_webhook_secrets()
        secrets = self._get_secrets()
        names = ("shopify_client_secret", "shopify_previous_client_secret")
        return [secrets[name] for name in names if secrets.get(name)]

    def _get_webhook_ref(self):
        if self.channel == "shopify":
            return self.shopify_shop or ""
        return super()._get_webhook_ref()

    def _get_kept_headers(self, headers):
        kept = super()._get_kept_headers(headers)
        if self.channel == "shopify":
            found = {name: headers.get(name) for name in KEPT_HEADERS}
            kept.update((name, text[:500]) for name, text in found.items() if text)
        return kept

    def _is_order_deleted(self, event):
        if self.channel == "shopify" and event.topic == "orders/delete":
            return True
        return super()._is_order_deleted(event)
