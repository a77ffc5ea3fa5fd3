"""What the tests of notifications share: bodies as the channels send them."""

import base64
import hashlib
import hmac
import json
from unittest.mock import patch

#: Obviously fake, and easy to find wherever it should not be.
SECRET = "fake-client-secret-of-the-door"
OLD_SECRET = "fake-old-client-secret-of-the-door"
SHOP = "door-shop.myshopify.com"
ML_USER, ML_APPLICATION = "1234567890", "1111222233334444"
ORDER = "gid://shopify/Order/450789469"


def shopify_body(number=450789469, **more):
    return json.dumps(
        {"id": number, "admin_graphql_api_id": f"gid://shopify/Order/{number}", **more}
    ).encode()


def sign(body, secret=SECRET):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def shopify_headers(body, secret=SECRET, delivery="delivery-1", **more):
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Hmac-Sha256": sign(body, secret),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": delivery,
        "X-Shopify-Event-Id": "event-1",
        "X-Shopify-Triggered-At": "2026-11-20T15:00:01.987654321Z",
        **{f"X-Shopify-{name.replace('_', '-')}": more[name] for name in more},
    }


def note(**changes):
    """Return a notification of Mercado Libre."""
    return json.dumps(
        {
            "resource": "/orders/2195160686",
            "user_id": int(ML_USER),
            "topic": "orders_v2",
            "application_id": int(ML_APPLICATION),
            "attempts": 1,
            "sent": "2026-10-30T16:19:20.129Z",
            "received": "2026-10-30T16:19:20.106Z",
            **changes,
        }
    ).encode()


class WebhookMixin:
    """Accounts that can be notified, and the worker that they wake."""

    @classmethod
    def make_webhook_accounts(cls):
        Account = cls.env["marketplace.account"]
        common = {"buffer_policy_id": False, "state": "connected"}
        cls.shopify = Account.create(
            {
                "name": "Shop",
                "channel": "shopify",
                "shopify_shop": "door-shop",
                "shopify_client_id": "fake-client",
                "shopify_client_secret": SECRET,
                "shopify_access_token": "fake-access-token",
                **common,
            }
        )
        cls.mercadolibre = Account.create(
            {
                "name": "ML",
                "channel": "mercadolibre",
                "mercadolibre_user_id": ML_USER,
                "mercadolibre_client_id": ML_APPLICATION,
                **common,
            }
        )
        cls.amazon = Account.create(
            {
                "name": "Amazon",
                "channel": "amazon",
                "amazon_seller_id": "A1DOOR",
                **common,
            }
        )

    def watch_waking(self):
        """Note which accounts are woken, instead of waking them."""
        self.woken = []
        patcher = patch.object(
            type(self.env["marketplace.account"]),
            "_wake_orders",
            lambda accounts: self.woken.extend(accounts.ids),
            create=True,
        )
        patcher.start()
        self.addCleanup(patcher.stop)

    def events(self, account=None):
        self.env.invalidate_all()
        domain = [("account_id", "=", account.id)] if account else []
        return self.env["marketplace.event"].search(domain)

    def counted(self, account=None):
        """Return {reason: calls} of an account, or of addresses of nobody."""
        self.env.invalidate_all()
        counters = self.env["marketplace.webhook.counter"].search(
            [("account_id", "=", account.id if account else False)]
        )
        return {counter.kind: counter.count for counter in counters}
