"""What the demo shows: a small maker and distributor with two warehouses.

Every product is one case that goes wrong with other connectors. Runs in Odoo
(``env``), and puts the matching listings on the simulator's shelves. Idempotent: a
second run renews the credentials and the address, and changes no stock.
"""

import functools
import json
import os
import urllib.request
from datetime import timedelta
from pathlib import Path

from odoo import Command, fields
from odoo.addons.marketplace_sync.models.tools import retry_on_conflict

from . import (
    demo_capacity,
    demo_channel_stock,
    demo_kits,
    demo_orders,
    demo_reconcile,
)

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
SHOP_1, SHOP_2 = "gid://shopify/Location/1", "gid://shopify/Location/2"
MX = "MLM"
#: The page of the simulator reads Odoo with this key.
KEY_FILE = "odoo.key"
KEY_DAYS = 30

#: sku, name, stock in the first / second warehouse, price, further product values
PRODUCTS = [
    ("WALLET", "Leather wallet, made to order", 0, 0, 69, {"mto": True}),
    ("MUG", "Ceramic mug", 120, 40, 14, {}),
    ("BEANS-1KG", "Coffee beans 1 kg", 18, 60, 19, {}),
    ("TEE", "Cotton T-shirt", 95, 0, 12, {}),
    ("LAMP", "Desk lamp", 30, 12, 49, {"promised": 9}),
    ("NOTEBOOK", "Notebook A5", 60, 25, 8, {"in_quality_control": 20}),
    ("POSTER", "City poster", 2, 0, 15, {}),
    ("CHAIR", "Oak chair", 14, 6, 129, {}),
    ("BOWL / BLUE, 20 cm", "Salad bowl, blue", 33, 9, 24, {}),
    ("CANDLE", "Beeswax candle", 400, 150, 6, {"sold": 420}),
    ("KNIFE", "Kitchen knife", 25, 10, 39, {}),
    ("RUG", "Wool rug", 11, 4, 180, {}),
]

#: What each channel shows before Odoo speaks: sku → what differs from a plain listing.
AMAZON = {
    "WALLET": {"quantity": 0},
    "MUG": {"quantity": 160, "sites": [US, CA]},
    "BEANS-1KG": {"quantity": 78},
    "TEE-6PACK": {"quantity": 95, "title": "Cotton T-shirt, pack of 6"},
    "LAMP": {"quantity": 30},
    "POSTER": {"quantity": 2},
    "CHAIR": {"quantity": 21, "fulfilment": "channel"},
    "BOWL / BLUE, 20 cm": {"quantity": 1},
    "CANDLE": {"quantity": 550},
    "KNIFE": {"quantity": 35},
}
SHOPIFY = {
    "WALLET": {"quantity": 0},
    "MUG": {"quantity": 160},
    "BEANS-1KG": {"quantity": 78},
    "TEE": {"quantity": 95},
    "LAMP": {"quantity": 30},
    "NOTEBOOK": {"quantity": 85},
    "POSTER": {"quantity": 2, "policy": "CONTINUE"},
    "CANDLE": {"quantity": 550},
    "RUG": {"quantity": 15, "tracked": False},
}
MERCADOLIBRE = {
    "WALLET": {"quantity": 0},
    "MUG": {"quantity": 160},
    "BEANS-1KG": {"quantity": 78},
    "LAMP": {"quantity": 30},
    "NOTEBOOK": {"quantity": 85},
    "CHAIR": {"quantity": 9, "logistic_type": "fulfillment", "full_quantity": 9},
    "BOWL / BLUE, 20 cm": {"quantity": 1},
    "CANDLE": {"quantity": 550},
}
ACCOUNTS = [
    {
        "name": "Amazon North America",
        "channel": "amazon",
        "amazon_seller_id": "A1SIMULATOR",
        "amazon_client_id": "amzn1.application-oa2-client.simulator",
        "amazon_client_secret": "amzn1.oa2-cs.v1.simulator",
        "amazon_refresh_token": "Atzr|simulator",
    },
    {
        "name": "Shopify shop",
        "channel": "shopify",
        "shopify_shop": "demo-shop",
        "shopify_client_id": "demo-client-id",
        "shopify_client_secret": "demo-client-secret",
        "shopify_access_token": "demo-access-token",
    },
    {
        "name": "Mercado Libre México",
        "channel": "mercadolibre",
        "mercadolibre_user_id": "1234567890",
        "mercadolibre_client_id": "1111222233334444",
        "mercadolibre_client_secret": "fake-secret-mercadolibre",
        "mercadolibre_refresh_token": "TG-fake-refresh-0",
    },
]

#: Units of a currency for one of the company's (USD).
RATES = {"MXN": 18.5, "CAD": 1.4, "EUR": 0.92}


def main(env, simulator_url, odoo_url=""):
    """Fill the database, and the shelves when the database is new; tell the channels
    where Odoo listens."""
    env = env(user=env.ref("base.user_admin"))
    scenario = Scenario(env, simulator_url.rstrip("/"))
    accounts = env["marketplace.account"].search([])
    if not accounts:
        scenario.build()
    else:
        scenario.readdress(accounts)
    accounts = env["marketplace.account"].search([])
    scenario.write_key()
    env.cr.commit()
    # A shell does not say by itself what the running server has to forget: without this
    # its pages know nothing of the currencies that were switched on here.
    env.registry.signal_changes()
    # The accounts' scheduled actions are at work already.
    for account in accounts.filtered("is_test"):
        retry_on_conflict(
            env, functools.partial(demo_orders.arrange, scenario, account, odoo_url)
        )


class Scenario:
    """Builds the demo in one environment."""

    def __init__(self, env, simulator_url):
        self.env = env
        self.url = simulator_url
        self.company = env.company
        Warehouse = env["stock.warehouse"]
        self.first = Warehouse.search([("company_id", "=", self.company.id)], limit=1)
        self.second = Warehouse.search([("code", "=", "MTY")], limit=1)

    def build(self):
        """Make products, stock, demand, accounts, sites and listings; go live."""
        if not self.second:
            self.second = self.env["stock.warehouse"].create(
                {"name": "Monterrey", "code": "MTY", "company_id": self.company.id}
            )
        products = {row[0]: self._product(*row) for row in PRODUCTS}
        self._fill_shelves()
        self._currencies()
        self._tax()
        accounts = {values["channel"]: self._account(values) for values in ACCOUNTS}
        self._arrange_sites(accounts)
        self._listings(accounts, products)
        demo_kits.build(self, accounts, products)
        demo_capacity.build(self, accounts)
        demo_reconcile.hold(accounts)
        self.env.cr.commit()
        demo_channel_stock.build(self, accounts, products)
        for account in accounts.values():
            account.action_go_live()
        demo_reconcile.arrange(self, accounts)

    def readdress(self, accounts):
        """Point the accounts at the simulator's address of today."""
        for account in accounts.filtered("is_test"):
            account.api_url = f"{self.url}/{account.channel}"
        accounts._wake()

    # --- Odoo ---------------------------------------------------------------------
    def _product(self, sku, name, stock_1, stock_2, price, more):
        product = self.env["product.product"].create(
            {
                "name": name,
                "default_code": sku,
                "is_storable": True,
                "list_price": price,
                "sale_delay": 10 if more.get("mto") else 2,
            }
        )
        if more.get("mto"):
            route = self.env.ref("stock.route_warehouse0_mto")
            route.active = True
            product.route_ids = [Command.link(route.id)]
        for warehouse, quantity in ((self.first, stock_1), (self.second, stock_2)):
            self._receive(product, warehouse.lot_stock_id, quantity)
        if more.get("in_quality_control"):
            self._receive(product, self._quality_control(), more["in_quality_control"])
        if more.get("promised"):
            self._promise(product, more["promised"])
        if more.get("sold"):
            self._sell(product, more["sold"])
        return product

    def _receive(self, product, location, quantity):
        if quantity:
            self.env["stock.quant"]._update_available_quantity(
                product, location, quantity
            )

    def _quality_control(self):
        location = self.first.wh_qc_stock_loc_id
        location.write({"active": True, "marketplace_not_for_sale": True})
        return location

    def _order(self, product, quantity):
        partner = self.env.ref("base.res_partner_2", raise_if_not_found=False)
        partner = partner or self.env["res.partner"].create({"name": "Azure Interior"})
        order = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "warehouse_id": self.first.id,
                "order_line": [
                    Command.create(
                        {"product_id": product.id, "product_uom_qty": quantity}
                    )
                ],
            }
        )
        order.action_confirm()
        return order

    def _promise(self, product, quantity):
        """An order that is confirmed and not reserved: only "committed" knows it."""
        self._order(product, quantity).picking_ids.do_unreserve()

    def _sell(self, product, quantity):
        """A fast seller: shipped last week, so the buffer by velocity is larger."""
        order = self._order(product, quantity)
        self._receive(product, self.first.lot_stock_id, quantity)
        order.picking_ids.action_assign()
        order.picking_ids.with_context(skip_backorder=True).button_validate()
        order.date_order = fields.Datetime.now() - timedelta(days=7)

    def _account(self, values):
        account = self.env["marketplace.account"].create(
            {
                **values,
                "is_test": True,
                "api_url": f"{self.url}/{values['channel']}",
            }
        )
        account.action_test_connection()
        return account

    def _currencies(self):
        """Buyers pay in the currencies of the sites: without a rate their orders would
        wait in To Fix."""
        currencies = self.env["res.currency"].with_context(active_test=False)
        for currency in currencies.search([("name", "in", list(RATES))]):
            currency.active = True
            if not currency.rate_ids:
                currency.rate_ids.create(
                    {
                        "currency_id": currency.id,
                        "name": "2026-01-01",
                        "rate": RATES[currency.name],
                    }
                )

    def _tax(self):
        """The simulated shop charges 19 % inside its prices; other percentages show
        what an unmapped tax looks like."""
        self.env["account.tax"].create(
            {
                "name": "19% VAT",
                "amount": 19,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "price_include_override": "tax_included",
                "company_id": self.company.id,
            }
        )

    def _arrange_sites(self, accounts):
        """Each site has its own warehouses: that is what keeps Shopify from selling
        what lies in Monterrey."""
        both = self.first | self.second
        warehouses = {
            US: self.first,
            CA: self.first,
            SHOP_1: self.first,
            SHOP_2: self.second,
            MX: both,
        }
        for account in accounts.values():
            for site in account.site_ids:
                if site.code in warehouses:
                    site.warehouse_ids = warehouses[site.code]
                else:
                    site.active = False

    def _listings(self, accounts, products):
        rows = [("amazon", US, AMAZON), ("amazon", CA, {"MUG": {}})]
        rows += [("shopify", SHOP_1, SHOPIFY), ("mercadolibre", MX, MERCADOLIBRE)]
        rows += [("shopify", SHOP_2, {"MUG": {}, "BEANS-1KG": {}})]
        values = []
        for channel, code, listings in rows:
            site = accounts[channel].site_ids.filtered(lambda s, c=code: s.code == c)
            values += [
                self._listing(site, sku, products, more)
                for sku, more in listings.items()
            ]
        # A typing error, as they happen: the channel knows no such SKU.
        shop = accounts["shopify"].site_ids.filtered(lambda s: s.code == SHOP_1)
        values.append({**self._listing(shop, "KNIFE", products, {}), "sku": "KNIVE"})
        return self.env["marketplace.listing"].create(values)

    def _listing(self, site, sku, products, _more):
        pack = sku == "TEE-6PACK"
        return {
            "site_id": site.id,
            "sku": sku,
            "product_id": products["TEE" if pack else sku].id,
            "units_per_listing": 6 if pack else 1,
        }

    # --- simulator ------------------------------------------------------------------
    def _fill_shelves(self):
        titles = {row[0]: row[1] for row in PRODUCTS}
        prices = {row[0]: row[4] for row in PRODUCTS}

        def listings(shelf, site):
            return [
                {
                    "sku": sku,
                    "title": titles.get(sku, sku),
                    "price": prices.get(sku, 60),
                    "site": site,
                    **more,
                }
                for sku, more in shelf.items()
            ]

        self._control("reset", {})
        self._seed(
            "amazon",
            sites=[US, CA],
            search_lag=5,  # the real one, two minutes, is long for a demo
            listings=listings(AMAZON, US),
        )
        second = [
            {"sku": "MUG", "title": titles["MUG"], "site": SHOP_2, "quantity": 40},
            {"sku": "BEANS-1KG", "site": SHOP_2, "quantity": 60},
        ]
        self._seed(
            "shopify",
            sites=[
                {"code": SHOP_1, "name": "San Francisco"},
                {"code": SHOP_2, "name": "Monterrey"},
            ],
            listings=listings(SHOPIFY, SHOP_1) + second,
        )
        self._seed("mercadolibre", sites=[MX], listings=listings(MERCADOLIBRE, MX))
        demo_channel_stock.fill(self)

    def _seed(self, channel, **spec):
        self._control("seed", {"channel": channel, **spec})

    def _control(self, verb, content):
        request = urllib.request.Request(
            f"{self.url}/_control/{verb}",
            json.dumps(content).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def write_key(self):
        """Give the simulator's page a key to read what Odoo says."""
        folder = os.environ.get("DEMO_STATE")
        if not folder:
            return
        keys = self.env["res.users.apikeys"]
        name = "Simulator's page (demo)"
        keys.search([("name", "=", name)]).sudo()._remove()
        expires = fields.Datetime.now() + timedelta(days=KEY_DAYS)
        key = keys._generate("rpc", name, expires)
        path = Path(folder) / KEY_FILE
        path.write_text(key)
        path.chmod(0o600)
