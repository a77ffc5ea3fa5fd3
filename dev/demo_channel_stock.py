"""The part of the demo about stock that channels hold: FBA, Full, a shop that Amazon
ships for, and a review that waits for a person, and a chair that came back to FBA."""

from datetime import timedelta

from odoo import fields

US = "ATVPDKIKX0DER"
#: The shop's location whose orders Amazon ships.
SHOP_FBA = "gid://shopify/Location/3"
#: What Amazon holds of the chair, beside 21 fulfillable ones, on the first day.
FBA = {
    "inboundWorkingQuantity": 12,
    "inboundShippedQuantity": 30,
    "inboundReceivingQuantity": 6,
    "pendingCustomerOrderQuantity": 3,
    "pendingTransshipmentQuantity": 5,
    "fcProcessingQuantity": 2,
    "customerDamagedQuantity": 1,
    "warehouseDamagedQuantity": 4,
    "defectiveQuantity": 2,
    "researchingQuantityInShortTerm": 1,
}
FULL = {"damage": 1, "lost": 1, "transfer": 2, "withdrawal": 1}
#: Good units that Odoo has recorded at Amazon's: fulfillable and reserved.
RECORDED = 31


def fill(scenario):
    """Put what the channels hold on the simulator's shelves."""
    chair = {"sku": "CHAIR", "title": "Oak chair", "price": 129}
    scenario._seed("amazon", listings=[{**chair, "site": US, "fba": FBA}])
    full = {"logistic_type": "fulfillment", "full_quantity": 9, "full_detail": FULL}
    scenario._seed("mercadolibre", listings=[{**chair, "site": "MLM", **full}])
    scenario._seed(
        "shopify",
        sites=[{"code": SHOP_FBA, "name": "Amazon FBA"}],
        listings=[{**chair, "site": SHOP_FBA, "quantity": 5}],
    )


def build(scenario, accounts, products):
    """Set the accounts up, and let one day pass on which two chairs were repaired."""
    env, amazon = scenario.env, accounts["amazon"]
    location = env["stock.location"].create({"name": "Amazon FBA", "usage": "internal"})
    scenario._receive(products["CHAIR"], location, RECORDED)
    amazon.channel_location_id = location
    # the order of the chair that comes back is older than the moment of going live
    amazon.order_start_at = fields.Datetime.now() - timedelta(hours=1)
    _send_one_back(scenario)
    _ship_shop_from(_site(amazon, US), _site(accounts["shopify"], SHOP_FBA), products)
    env.cr.commit()
    held = env["marketplace.listing"].search([("sku", "=", "CHAIR")])
    held = held.filtered(lambda one: one.channel in ("amazon", "mercadolibre"))
    held.action_verify()
    for account in held.account_id:
        with account._adapter_session() as adapter:
            account._verify_listings(adapter)
    held.action_read_channel_stock()
    for count in held.channel_stock_id.sudo():
        count.date -= timedelta(days=1)
    repaired = {**FBA, "warehouseDamagedQuantity": 2}
    chair = {"sku": "CHAIR", "site": US, "quantity": 23, "fba": repaired}
    scenario._seed("amazon", listings=[chair])
    held.action_read_channel_stock()


def _site(account, code):
    sites = account.with_context(active_test=False).site_ids
    return sites.filtered(lambda site: site.code == code)


def _ship_shop_from(source, site, products):
    """The shop's third location sells chairs that Amazon ships."""
    site.write({"active": True, "fulfilled_from_site_id": source.id})
    site.env["marketplace.listing"].create(
        {"site_id": site.id, "sku": "CHAIR", "product_id": products["CHAIR"].id}
    )


def _send_one_back(scenario):
    """A buyer sends a chair back to Amazon, which puts it on its shelf again."""
    chair = {"channel": "amazon", "site": US, "sku": "CHAIR", "quantity": 1}
    order = scenario._control("buy", chair)["order"]["id"]
    scenario._control("ship", {"channel": "amazon", "order": order})
    back = {"reason": "UNWANTED_ITEM", "comments": "Too high for our table"}
    scenario._control("return_goods", {"channel": "amazon", "order": order, **back})
