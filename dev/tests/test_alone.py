"""The addon without manufacturing, and what happens when that is installed later.

On a database of its own, from a template without ``mrp``.
"""

import json
import os

import pytest

from dev import config, setup, template

from .test_kill import run

ADDON = config.ADDONS[0]
BRIDGE = "marketplace_sync_mrp"

SELL = """
warehouse = env["stock.warehouse"].search([], limit=1)
account = env["marketplace.account"].create(
    {"name": "Shop", "channel": "shopify", "buffer_policy_id": False})
site = env["marketplace.site"].create(
    {"account_id": account.id, "name": "Here", "code": "1",
     "warehouse_ids": warehouse.ids})
for sku in ("MUG", "BOX"):
    product = env["product.product"].create(
        {"name": sku, "default_code": sku, "is_storable": True})
    env["marketplace.listing"].create(
        {"site_id": site.id, "sku": sku, "product_id": product.id})
    env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 9)
env.cr.commit()
"""
MAKE_KIT = """
mug, box = (env["product.product"].search([("default_code", "=", sku)])
            for sku in ("MUG", "BOX"))
env["mrp.bom"].create(
    {"product_tmpl_id": box.product_tmpl_id.id, "type": "phantom", "bom_line_ids":
     [(0, 0, {"product_id": mug.id, "product_qty": 2})]})
env.cr.commit()
"""
TELL = """
import json
listings = env["marketplace.listing"].search([], order="sku")
listings._refresh()
modules = env["ir.module.module"].search([("state", "=", "installed")])
print(json.dumps({
    "modules": modules.mapped("name"),
    "shown": {one.sku: one.sellable_qty for one in listings},
    "errors": {one.sku: one.last_error or "" for one in listings},
    "kits": "components" in listings[0]._get_stock_by_warehouse()[listings[0].id][0],
}))
env.cr.commit()
"""


@pytest.fixture(scope="module")
def database():
    """Return a database with the addon, without manufacturing."""
    base = setup.ensure(core=True)
    name = f"ms_alone_{config.clone_id()}_{os.getpid()}"
    with setup.lock():
        template.clone(base, name)
    install(name, ADDON, "--skip-auto-install")
    yield name
    template.drop(name)


def install(database, module, *options):
    template.run_odoo(
        "alone", database, "-i", module, "--stop-after-init", "--no-http", *options
    )


def tell(database, *scripts):
    """Run scripts, then say what is installed and shown."""
    return json.loads(run(database, "\n".join((*scripts, TELL))))


def test_it_installs_and_counts_without_manufacturing(database):
    told = tell(database, SELL)
    assert ADDON in told["modules"]
    assert not {"mrp", BRIDGE} & set(told["modules"])
    assert told["shown"] == {"BOX": 9, "MUG": 9}
    assert not any(told["errors"].values())


def test_a_kit_says_so_until_the_bridge_counts_it(database):
    install(database, "mrp", "--skip-auto-install")
    told = tell(database, MAKE_KIT)
    assert "mrp" in told["modules"] and BRIDGE not in told["modules"]
    assert "kit" in told["errors"]["BOX"]
    assert told["shown"]["MUG"] == 9


def test_the_bridge_comes_by_itself_and_counts_what_is_there(database):
    install(database, "sale_mrp")
    told = tell(database)
    assert BRIDGE in told["modules"]
    assert told["shown"] == {"BOX": 4, "MUG": 9}
    assert not any(told["errors"].values())
    assert told["kits"]
