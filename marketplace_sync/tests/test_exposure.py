"""The exposure report: what is shown against what can be shipped."""

from odoo.fields import Command
from odoo.tests import tagged

from .common import MarketplaceCase

USER = "marketplace_sync.marketplace_sync_group_user"


@tagged("post_install", "-at_install")
class TestExposure(MarketplaceCase):
    def row(self, product):
        self.refresh()
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["marketplace.exposure"].search(
            [("product_id", "=", product.id)]
        )

    def assertExposure(self, product, **expected):
        row = self.row(product)
        self.assertEqual(len(row), 1)
        self.assertEqual({name: row[name] for name in expected}, expected)
        return row

    def second_site(self, warehouses=None, channel="shopify"):
        return self.make_site(warehouses or self.warehouse, self.make_account(channel))

    def test_two_channels_may_oversell_what_one_cannot(self):
        product = self.make_product(stock=10, list_price=20)
        self.make_listing(product, published_qty=10)
        self.make_listing(product, self.second_site(), published_qty=7)
        self.assertExposure(
            product,
            source="stock",
            counter_count=2,
            shown_units=17.0,
            shown_max=10.0,
            available_units=10.0,
            certain_units=0.0,
            possible_units=7.0,
            possible_amount=140.0,
            top_account_id=self.account,
        )

    def test_one_channel_that_shows_more_than_there_is_is_certain(self):
        product = self.make_product(stock=4, list_price=5)
        self.make_listing(product, published_qty=6)
        self.assertExposure(
            product, certain_units=2.0, possible_units=2.0, certain_amount=10.0
        )

    def test_what_is_committed_cannot_be_shipped_again(self):
        product = self.make_product(stock=10)
        self.make_listing(product, published_qty=10)
        self.make_order(product, 3)
        self.assertExposure(product, available_units=7.0, certain_units=3.0)

    def test_a_pack_of_six_shows_six_units_each(self):
        product = self.make_product(stock=13)
        self.make_listing(product, units_per_listing=6, published_qty=3)
        self.assertExposure(product, shown_units=18.0, certain_units=5.0)

    def test_listings_that_share_a_counter_count_once(self):
        product = self.make_product(stock=5)
        for site in (self.site, self.make_site(self.warehouse)):
            self.make_listing(product, site, pool_key="one", published_qty=5)
        self.assertExposure(
            product,
            listing_count=2,
            counter_count=1,
            shown_units=5.0,
            possible_units=0.0,
        )

    def test_one_key_on_two_accounts_is_two_counters(self):
        product = self.make_product(stock=5)
        for site in (self.site, self.second_site()):
            self.make_listing(product, site, pool_key="one", published_qty=5)
        self.assertExposure(product, counter_count=2, shown_units=10.0)

    def test_warehouses_apart_are_added_up(self):
        other = self.make_warehouse()
        product = self.make_product(stock=10)
        self.put(product, 4, other.lot_stock_id)
        self.make_listing(product, published_qty=10)
        self.make_listing(product, self.second_site(other), published_qty=4)
        self.assertExposure(product, available_units=14.0, possible_units=0.0)

    def test_warehouses_in_common_are_counted_once(self):
        other = self.make_warehouse()
        product = self.make_product(stock=10)
        self.put(product, 4, other.lot_stock_id)
        self.make_listing(product, published_qty=10)
        both = self.second_site(other | self.warehouse)
        self.make_listing(product, both, published_qty=14)
        self.assertExposure(product, available_units=14.0, possible_units=10.0)

    def test_what_another_channel_ships_is_apart_from_our_warehouses(self):
        product = self.make_product(stock=10)
        self.make_listing(product, published_qty=10)
        amazon = self.second_site(channel="amazon")
        shop = self.second_site()
        shop.write({"warehouse_ids": False, "fulfilled_from_site_id": amazon.id})
        listing = self.make_listing(product, shop)
        self.refresh()
        self.env.cr.execute(
            "UPDATE marketplace_listing SET qty = 6, published_qty = 6,"
            " block_code = NULL WHERE id = %s",
            [listing.id],
        )
        self.assertExposure(product, available_units=16.0, possible_units=0.0)

    def test_what_is_made_to_order_is_no_risk(self):
        product = self.make_product()
        self.make_listing(product, qty_source="mto", published_qty=999)
        self.assertExposure(
            product, source="mto", shown_units=999.0, possible_units=0.0
        )

    def test_what_is_typed_by_hand_is_compared_with_stock_that_is_counted(self):
        product = self.make_product(stock=3)
        self.make_listing(product, qty_source="manual", qty=8, published_qty=8)
        self.assertExposure(product, source="unknown", certain_units=0.0)
        self.make_listing(product, self.second_site(), published_qty=3)
        self.assertExposure(product, source="stock", certain_units=5.0)

    def test_a_capacity_is_compared_with_what_it_can_make(self):
        product = self.make_product()
        self.env["marketplace.capacity"].create(
            {
                "name": "Printer",
                "units_per_week": 10,
                "line_ids": [Command.create({"product_id": product.id})],
            }
        )
        listing = self.make_listing(product, qty_source="capacity")
        self.refresh()
        listing.published_qty = listing.qty + 5
        self.assertExposure(
            product,
            source="capacity",
            available_units=float(listing.qty),
            certain_units=5.0,
        )

    def test_what_the_channel_ships_and_what_is_archived_is_left_out(self):
        product = self.make_product(stock=5)
        self.make_listing(product, fulfilment="channel", published_qty=50)
        gone = self.make_listing(product, self.second_site(), published_qty=9)
        gone.active = False
        self.assertFalse(self.row(product))

    def test_groups_add_up(self):
        category = self.env["product.category"].create({"name": "Exposed"})
        for stock in (4, 3):
            product = self.make_product(stock=stock, categ_id=category.id)
            self.make_listing(product, published_qty=5)
        self.row(product)
        [(units,)] = self.env["marketplace.exposure"]._read_group(
            [("categ_id", "=", category.id)], [], ["certain_units:sum"]
        )
        self.assertEqual(units, 3.0)

    def test_the_other_companys_exposure_is_not_seen(self):
        product = self.make_product(stock=5)
        self.make_listing(product, published_qty=5)
        row = self.row(product)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "exposure-stranger",
                "company_id": other.id,
                "company_ids": [Command.set(other.ids)],
                "group_ids": [Command.link(self.env.ref(USER).id)],
            }
        )
        Exposure = self.env["marketplace.exposure"].with_user(stranger)
        self.assertFalse(Exposure.search([("id", "=", row.id)]))

    def test_a_row_leads_to_its_listings(self):
        product = self.make_product(stock=5)
        listing = self.make_listing(product, published_qty=5)
        action = self.row(product).action_open_listings()
        self.assertEqual(
            self.env["marketplace.listing"].search(action["domain"]), listing
        )
