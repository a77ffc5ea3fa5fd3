"""How a change of stock reaches a listing's number, and what that costs."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo.fields import Command
from odoo.sql_db import Cursor
from odoo.tests import tagged
from odoo.tests.common import RecordCapturer
from odoo.tools import SQL

from ..models.marketplace_listing_rows import by_kind
from .common import MarketplaceCase

REFRESH_CRON = "marketplace_sync.ir_cron_marketplace_refresh"
SWEEP_CRON = "marketplace_sync.ir_cron_marketplace_refresh_all"
TOOLS = "odoo.addons.marketplace_sync.models.tools"
STOCK = "odoo.addons.marketplace_sync.models.marketplace_stock"


class RefreshCase(MarketplaceCase):
    @contextmanager
    def statements(self, flush=True):
        """Record every SQL statement of a block, its pre-commit hooks included."""
        recorded = []
        execute = Cursor.execute

        def record(cursor, query, params=None, log_exceptions=None):
            code = query.code if isinstance(query, SQL) else query
            recorded.append(" ".join(str(code).split()))
            return execute(cursor, query, params, log_exceptions)

        self.env.cr.flush()
        with patch.object(Cursor, "execute", record):
            yield recorded
            if flush:
                self.env.cr.flush()

    def versions(self, listings):
        """Return what PostgreSQL changes whenever a row is written."""
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, ctid FROM marketplace_listing WHERE id = ANY(%s)",
                    listings.ids,
                )
            )
        )


@tagged("post_install", "-at_install")
class TestCost(RefreshCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        second = cls.make_warehouse()
        policy = cls.env.ref("marketplace_sync.marketplace_buffer_policy_velocity")
        cls.account.buffer_policy_id = policy
        amazon = cls.make_account("amazon", buffer_policy_id=policy.id)
        sites = [
            cls.site,
            cls.make_site(cls.warehouse | second, share_percent=50),
            cls.make_site(cls.warehouse, amazon),
            cls.make_site(second, amazon),
        ]
        cls.products = cls.env["product.product"].create(
            [
                {"name": f"N{n}", "default_code": f"N{n}", "is_storable": True}
                for n in range(50)
            ]
        )
        for product in cls.products:
            cls.put(product, 40)
            cls.put(product, 20, second.lot_stock_id)
        cls.listings = cls.env["marketplace.listing"].create(
            [
                {"product_id": p.id, "site_id": site.id, "sku": p.default_code}
                for p in cls.products
                for site in sites
            ]
        )
        cls.env.cr.flush()
        cls.env["marketplace.stock.change"]._take(100_000)

    def _queries_of(self, products):
        for product in products:
            self.put(product, 1)
        with self.statements() as statements:
            self.assertTrue(self.env["marketplace.listing"]._refresh_changed())
        self.assertFalse(self.env["marketplace.listing"]._refresh_changed())
        return len(statements)

    def test_the_number_of_queries_does_not_depend_on_the_number_of_listings(self):
        self.assertEqual(len(self.listings), 200)
        few, many = self.products[:3], self.products[3:]
        self._queries_of(few)  # caches of the environment are warm now
        self.env.invalidate_all()
        of_few = self._queries_of(few)
        self.env.invalidate_all()
        of_many = self._queries_of(many)
        self.assertEqual(of_few, of_many)
        self.assertLess(of_many, 40)

    def test_a_refresh_that_changes_nothing_writes_nothing(self):
        before = self.versions(self.listings)
        with self.statements() as statements:
            self.listings._refresh()
        self.assertFalse([s for s in statements if s.startswith(("UPDATE", "INSERT"))])
        self.assertEqual(self.versions(self.listings), before)

    def test_demand_of_fractions_is_not_written_again_and_again(self):
        """0.1 + 0.2 is 0.30000000000000004 here and 0.3 in the database."""
        kilo = self.env.ref("uom.product_uom_kgm")
        product = self.make_product(stock=5, uom_id=kilo.id)
        listing = self.make_listing(product)
        for quantity in (0.1, 0.2):
            stock = self.warehouse.lot_stock_id
            self.move(product, quantity, stock, self.customers)
        self.refresh()
        self.assertAlmostEqual(listing.committed_qty, 0.3)
        before = self.versions(listing)
        listing._refresh()
        self.assertEqual(self.versions(listing), before)

    def test_only_listings_whose_number_changed_are_written(self):
        """The stock of one warehouse moves: the sites of the other keep their row."""
        before = self.versions(self.listings)
        self.put(self.products[0], 60)
        self.refresh()
        after = self.versions(self.listings)
        written = {key for key in before if before[key] != after[key]}
        mine = self.listings.filtered(lambda one: one.product_id == self.products[0])
        of_here = mine.filtered(lambda one: self.warehouse in one.site_id.warehouse_ids)
        self.assertEqual(written, set(of_here.ids))
        self.assertNotEqual(mine, of_here)

    def test_only_listings_of_changed_products_are_computed(self):
        """A wrong number elsewhere stays until somebody looks there."""
        self.env.execute_query(
            SQL("UPDATE marketplace_listing SET qty = 7 RETURNING 1")
        )
        self.env.invalidate_all()
        self.put(self.products[0], 1)
        self.refresh()
        right = self.listings.filtered(lambda one: one.qty != 7)
        self.assertEqual(right.product_id, self.products[0])

    def test_changes_of_products_without_a_listing_cost_nothing_more(self):
        product = self.make_product(stock=3)
        with self.statements() as statements:
            self.env["marketplace.listing"]._refresh_changed()
        self.assertFalse([s for s in statements if "stock_quant" in s])
        self.make_listing(product)

    def test_more_changes_than_one_portion_are_all_taken(self):
        for product in self.products:
            self.put(product, 1)
        self.env.cr.flush()
        module = "odoo.addons.marketplace_sync.models.marketplace_listing_refresh"
        with patch(f"{module}.CHANGES", 7), patch(f"{module}.BATCH", 9):
            self.refresh()
        self.assertEqual({one.qty for one in self.listings[::4]}, {41})

    def test_batches_do_not_tear_pools_apart(self):
        module = "odoo.addons.marketplace_sync.models.marketplace_listing_refresh"
        for product in self.products:
            self.put(product, -35)
        with patch(f"{module}.BATCH", 1):
            self.refresh()
        pooled = self.listings.filtered("pool_key")
        self.assertEqual(set(pooled.mapped("sellable_qty")), {2})  # 5 - 3, not 17


@tagged("post_install", "-at_install")
class TestStockTransaction(RefreshCase):
    """What the addon does in a transaction of the warehouse's people: one insert."""

    def setUp(self):
        super().setUp()
        self.product = self.make_product(stock=100)
        self.listing = self.make_listing(self.product)
        self.changed_products()

    def test_a_delivery_only_appends(self):
        """Nothing that reads, locks or writes a listing: nothing that can block it."""
        products = [self.make_product(stock=10) for _n in range(10)]
        for product in products:
            self.make_listing(product)
        moves = self.env["stock.move"]
        for product in products:
            stock = self.warehouse.lot_stock_id
            moves |= self.move(product, 4, stock, self.customers)
        self.changed_products()
        with self.statements() as statements:
            self.done(moves)
        ours = [s for s in statements if "marketplace_" in s and "SAVEPOINT" not in s]
        inserts = [s for s in ours if "INSERT INTO marketplace_stock_change" in s]
        self.assertEqual(len(inserts), 1)
        self.assertFalse(set(ours) - set(inserts) - self._lookups(ours))
        self.assertEqual(
            {product.id for product in products}, set(self.changed_products().ids)
        )

    def test_confirming_and_reserving_costs_as_much_for_many_moves_as_for_few(self):
        """Nothing of ours is searched for at each change of state of each move."""
        stock, counts = self.warehouse.lot_stock_id, []
        for size in (2, 12):
            picking = self.env["stock.picking"].create(
                {
                    "picking_type_id": self.warehouse.out_type_id.id,
                    "location_id": stock.id,
                    "location_dest_id": self.customers.id,
                    "move_ids": [
                        Command.create(
                            {
                                "product_id": self.make_product(stock=10).id,
                                "product_uom_qty": 2,
                                "location_id": stock.id,
                                "location_dest_id": self.customers.id,
                            }
                        )
                        for _n in range(size)
                    ],
                }
            )
            self.changed_products()
            self.env.invalidate_all()
            with self.statements() as statements:
                picking.action_confirm()
                picking.action_assign()
            self.assertEqual(picking.state, "assigned")
            tables = ('FROM "marketplace_', "INTO marketplace_", "FROM marketplace_")
            counts.append(sum(any(t in s for t in tables) for s in statements))
        self.assertEqual(*counts)
        self.assertLess(counts[0], 5)

    def _lookups(self, statements):
        """Statements that read the external id of our scheduled action, or our column
        of Odoo's own locations."""
        return {
            s
            for s in statements
            if s.startswith("SELECT")
            and "marketplace_listing" not in s
            and "FOR UPDATE" not in s
        }

    def test_ten_changes_in_one_transaction_are_one_insert(self):
        products = [self.make_product() for _n in range(10)]
        self.changed_products()
        with self.statements() as statements:
            for product in products * 3:
                self.put(product, 1)
        self.assertEqual(
            len([s for s in statements if "INSERT INTO marketplace_stock_change" in s]),
            1,
        )
        self.assertEqual(len(self.changed_products()), 10)

    def test_a_change_that_is_rolled_back_is_not_noted(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.put(self.product, 5)
            raise ZeroDivisionError
        self.assertFalse(self.changed_products())

    def test_a_change_noted_before_a_savepoint_survives_its_rollback(self):
        self.put(self.product, 5)
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            raise ZeroDivisionError
        self.assertEqual(self.changed_products(), self.product)

    def test_the_refresh_is_woken_once(self):
        cron = self.env.ref(REFRESH_CRON)
        triggers = self.env["ir.cron.trigger"].sudo()
        with RecordCapturer(triggers, [("cron_id", "=", cron.id)]) as captured:
            for _time in range(5):
                self.put(self.product, 1)
            self.env.cr.flush()
        self.assertEqual(len(captured.records), 1)

    def test_the_listing_keeps_the_address_of_the_change(self):
        self.put(self.product, 5)
        self.env.cr.flush()
        correlation = self.env["marketplace.stock.change"].search([]).correlation_id
        self.assertTrue(correlation)
        self.refresh()
        self.assertEqual(self.listing.correlation_id, correlation)

    def test_the_warehouse_needs_no_rights_on_marketplaces(self):
        user = self.env["res.users"].create(
            {
                "name": "A picker",
                "login": "marketplace-picker",
                "group_ids": [Command.set(self.env.ref("stock.group_stock_user").ids)],
            }
        )
        move = self.move(self.product, 4, self.warehouse.lot_stock_id, self.customers)
        self.changed_products()
        self.done(move.with_user(user))
        self.assertEqual(self.changed_products(), self.product)


@tagged("post_install", "-at_install")
class TestEveryWayIsNoticed(RefreshCase):
    """Each way in which free stock or demand changes, by Odoo's own code."""

    def setUp(self):
        super().setUp()
        self.stock = self.warehouse.lot_stock_id
        self.product = self.make_product(stock=100)
        self.listing = self.make_listing(self.product)
        self.changed_products()

    def assertNoticed(self, qty, committed, message=None):
        """The product was noted; after the refresh the listing shows what is so."""
        self.assertNumbers(self.listing, qty, committed, qty - committed, message)
        self.assertFalse(self.changed_products())

    def test_a_receipt(self):
        self.done(self.move(self.product, 5, self.suppliers, self.stock))
        self.assertNoticed(105, 0)

    def test_a_delivery_step_by_step(self):
        move = self.move(self.product, 5, self.stock, self.customers)
        self.assertNoticed(100, 5, "confirmed")
        move._action_assign()
        self.assertNoticed(95, 0, "reserved")
        move._do_unreserve()
        self.assertNoticed(100, 5, "unreserved")
        move.product_uom_qty = 8
        self.assertNoticed(100, 8, "edited")
        move._action_assign()
        self.done(move)
        self.assertNoticed(92, 0, "done")

    def test_a_move_that_is_cancelled(self):
        move = self.move(self.product, 5, self.stock, self.customers)
        self.refresh()
        move._action_cancel()
        self.assertNoticed(100, 0)

    def test_a_move_that_is_created_confirmed(self):
        """Nothing is written on it afterwards."""
        self.move(
            self.product,
            5,
            self.stock,
            self.customers,
            confirm=False,
            state="confirmed",
        )
        self.assertNoticed(100, 5)

    def test_a_move_that_is_deleted(self):
        move = self.move(self.product, 5, self.stock, self.customers)
        self.refresh()
        move._action_cancel()
        self.refresh()
        move.unlink()
        self.assertNoticed(100, 0)

    def test_a_move_of_another_product(self):
        other = self.make_product(stock=10)
        listing = self.make_listing(other)
        move = self.move(self.product, 5, self.stock, self.customers)
        self.refresh()
        move.product_id = other
        self.refresh()
        self.assertEqual((self.listing.committed_qty, listing.committed_qty), (0, 5))

    def test_a_move_from_another_place(self):
        second = self.make_warehouse()
        move = self.move(self.product, 5, self.stock, self.customers)
        self.refresh()
        move.location_id = second.lot_stock_id
        self.assertNoticed(100, 0)

    def test_an_inventory_adjustment(self):
        quant = (
            self.env["stock.quant"]
            .with_context(inventory_mode=True)
            .create(
                {
                    "product_id": self.product.id,
                    "location_id": self.stock.id,
                    "inventory_quantity": 42,
                }
            )
        )
        quant.action_apply_inventory()
        self.assertNoticed(42, 0)

    def test_a_correction_of_the_quantity_on_hand(self):
        quant = self.env["stock.quant"]._gather(self.product, self.stock)
        quant.with_context(inventory_mode=True).inventory_quantity_auto_apply = 17
        self.assertNoticed(17, 0)

    def test_a_scrap(self):
        scrap = self.env["stock.scrap"].create(
            {
                "product_id": self.product.id,
                "scrap_qty": 4,
                "location_id": self.stock.id,
            }
        )
        scrap.do_scrap()
        self.assertNoticed(96, 0)

    def test_an_order_confirmed_edited_and_cancelled(self):
        order = self.make_order(self.product, 5)
        self.assertNoticed(100, 5, "confirmed")
        order.order_line.product_uom_qty = 9
        self.assertNoticed(100, 9, "edited")
        order._action_cancel()
        self.assertNoticed(100, 0, "cancelled")

    def test_a_line_added_to_a_confirmed_order(self):
        order = self.make_order(self.make_product(), 1)
        self.refresh()
        order.order_line = [
            Command.create({"product_id": self.product.id, "product_uom_qty": 6})
        ]
        self.assertNoticed(100, 6)

    def test_a_lot_received_and_reserved(self):
        product = self.make_product(tracking="lot")
        listing = self.make_listing(product)
        lot = self.env["stock.lot"].create({"product_id": product.id})
        self.put(product, 6, lot_id=lot)
        self.assertNumbers(listing, 6, 0, 6)
        move = self.move(product, 4, self.stock, self.customers)
        move._action_assign()
        self.assertNumbers(listing, 2, 0, 2)

    def test_a_quantity_typed_on_the_lines_of_a_transfer(self):
        move = self.move(self.product, 5, self.stock, self.customers)
        self.refresh()
        move.quantity = 3
        self.assertNoticed(97, 2)
        move.move_line_ids.quantity = 1
        self.assertNoticed(99, 4)

    def test_a_transfer_into_the_warehouse_and_out_of_it(self):
        other = self.make_warehouse()
        self.done(self.move(self.product, 30, self.stock, other.lot_stock_id))
        self.assertNoticed(70, 0)
        self.done(self.move(self.product, 10, other.lot_stock_id, self.stock))
        self.assertNoticed(80, 0)

    def test_a_return(self):
        self.done(self.move(self.product, 7, self.customers, self.stock))
        self.assertNoticed(107, 0)


@tagged("post_install", "-at_install")
class TestCrons(RefreshCase):
    def test_the_refresh_computes_what_was_noted(self):
        listings = [self.make_listing(self.make_product(stock=5)) for _n in range(3)]
        for listing in listings:
            self.put(listing.product_id, 2)
        self.env.cr.flush()
        with self.crons():
            self.env.ref(REFRESH_CRON).method_direct_trigger()
        self.assertEqual([listing.qty for listing in listings], [7, 7, 7])
        self.assertFalse(self.env["marketplace.stock.change"].search([]))

    def test_the_refresh_wakes_accounts_that_have_something_to_send(self):
        idle = self.make_account()
        self.make_listing(
            self.make_product(stock=3), self.make_site(self.warehouse, idle)
        )
        listing = self.make_listing(self.make_product(stock=5))
        (self.account | idle).write({"state": "connected"})
        listing.write(
            {"sync_state": "synced", "published_at": "2026-01-01", "published_qty": 5}
        )
        self.put(listing.product_id, -2)
        triggers = self.env["ir.cron.trigger"].sudo()
        with RecordCapturer(triggers, []) as captured:
            self.refresh()
        self.assertEqual(listing.sync_state, "pending")
        woken = captured.records.cron_id
        self.assertIn(self.account.cron_id, woken)
        self.assertNotIn(idle.cron_id, woken)

    def test_quants_written_directly_are_found_by_the_sweep(self):
        """Code that writes on quants past Odoo's own methods tells nobody."""
        product = self.make_product(stock=5)
        listing = self.make_listing(product)
        self.changed_products()
        self.env["stock.quant"].sudo().search(
            [("product_id", "=", product.id), ("location_id.usage", "=", "internal")]
        ).write({"quantity": 2})
        self.refresh()
        self.assertEqual(listing.qty, 5, "nobody was told")
        with self.crons():
            self.env.ref(SWEEP_CRON).method_direct_trigger()
        self.assertEqual((listing.qty, listing.sellable_qty), (2, 2))

    def test_the_sweep_computes_every_company(self):
        other = self.env["res.company"].create({"name": "Another company"})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", other.id)])
        account = self.make_account(company_id=other.id, user_id=False)
        product = self.make_product()
        listing = self.make_listing(product, self.make_site(theirs, account))
        self.put(product, 9, theirs.lot_stock_id)
        with self.crons():
            self.env.ref(SWEEP_CRON).method_direct_trigger()
        self.assertEqual(listing.qty, 9)

    def sweep_in_batches(self, size):
        """Forget every number, then compute all."""
        self.env.execute_query(
            SQL(
                """UPDATE marketplace_listing
                      SET sellable_qty = -1, block_code = NULL RETURNING 1"""
            )
        )
        self.env.invalidate_all()
        module = "odoo.addons.marketplace_sync.models.marketplace_listing_refresh"
        with patch(f"{module}.BATCH", size), self.crons():
            self.env.ref(SWEEP_CRON).method_direct_trigger()

    def test_the_sweep_reaches_every_listing_however_small_its_batches(self):
        products = [self.make_product(stock=stock) for stock in (3, 4, 5)]
        sites = [self.site, self.make_site(self.warehouse)]
        listings = [self.make_listing(p, site) for p in products for site in sites]
        orphan = self.make_listing(self.env["product.product"], sku="ORPHAN")
        self.sweep_in_batches(1)
        self.assertEqual([one.sellable_qty for one in listings], [3, 3, 4, 4, 5, 5])
        self.assertEqual(orphan.block_code, "no_product")

    def test_the_sweep_leaves_out_what_is_archived(self):
        product = self.make_product(stock=3)
        archived = self.make_listing(product)
        archived.active = False
        closed = self.make_account()
        theirs = self.make_listing(product, self.make_site(self.warehouse, closed))
        closed.active = False
        self.sweep_in_batches(10)
        self.assertEqual((archived | theirs).mapped("sellable_qty"), [-1, -1])

    def test_a_listing_that_waits_keeps_the_moment_since_when(self):
        listing = self.make_listing(self.make_product(stock=5))
        listing.write(
            {"sync_state": "synced", "published_at": "2026-01-01", "published_qty": 5}
        )
        self.put(listing.product_id, 1)
        self.refresh()
        since = listing.pending_since
        self.assertTrue(since)
        self.env.execute_query(
            SQL(
                """UPDATE marketplace_listing
                      SET pending_since = pending_since - interval '5 minutes'
                    WHERE id = %s RETURNING 1""",
                listing.id,
            )
        )
        self.env.invalidate_all()
        self.put(listing.product_id, 1)
        self.refresh()
        self.assertLess(listing.pending_since, since)

    def test_a_number_that_came_back_is_no_longer_waiting(self):
        listing = self.make_listing(self.make_product(stock=5))
        listing.write(
            {"sync_state": "synced", "published_at": "2026-01-01", "published_qty": 5}
        )
        self.put(listing.product_id, -1)
        self.refresh()
        self.assertEqual(listing.sync_state, "pending")
        self.put(listing.product_id, 1)
        self.refresh()
        self.assertEqual(listing.sync_state, "synced")
        self.assertFalse(listing.pending_since)

    def test_whatever_differs_in_a_row_is_put_right(self):
        """Most rows of a sweep are left alone at the first look: it must see all."""
        listing = self.make_listing(self.make_product(stock=5))
        shown = {"published_qty": 5, "published_at": "2026-01-01"}
        for changes, state in (
            ({"qty": 4}, "synced"),
            ({"committed_qty": 1}, "synced"),
            ({"buffer_qty": 1}, "synced"),
            ({"own_qty": 4}, "synced"),
            ({"sellable_qty": 4}, "synced"),
            ({"published_qty": 4}, "pending"),
            ({"published_at": None}, "pending"),
            ({"is_uncertain": True}, "pending"),
            ({"sync_state": "pending"}, "synced"),
            ({"sync_state": "failed", "block_code": "no_product"}, "unverified"),
            ({"block_code": "no_product"}, "unverified"),
            ({"fulfilment": "channel"}, "paused"),
        ):
            with self.subTest(changes):
                self.overwrite(listing, sync_state="synced", **shown)
                before = self.versions(listing)
                listing._refresh()
                self.assertEqual(self.versions(listing), before, "nothing differs")
                self.overwrite(listing, **changes)
                listing._refresh()
                names = ("qty", "own_qty", "sellable_qty", "committed_qty")
                self.assertEqual([listing[name] for name in names], [5, 5, 5, 0])
                self.assertEqual((listing.buffer_qty, listing.block_code), (0, False))
                self.assertEqual(listing.sync_state, state)
                self.overwrite(listing, is_uncertain=False, fulfilment="merchant")

    def overwrite(self, listing, **values):
        """Write past the model, which would compute the number."""
        columns = [SQL("%s = %s", SQL.identifier(k), v) for k, v in values.items()]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE marketplace_listing SET %s WHERE id = %s",
                SQL(", ").join(columns),
                listing.id,
            )
        )
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestReadings(RefreshCase):
    """What the numbers are computed from, read for many products at once."""

    def setUp(self):
        super().setUp()
        self.second, self.third = self.make_warehouse(), self.make_warehouse()
        self.products = [self.make_product(stock=n) for n in (3, 4, 5, 6)]
        for n, product in enumerate(self.products, 1):
            self.put(product, 10 * n, self.second.lot_stock_id)
        self.stock = self.env["marketplace.stock"]
        self.env.flush_all()

    def test_a_site_s_free_stock_is_that_of_its_warehouses(self):
        sites = {
            1: self.warehouse.ids,
            2: (self.second | self.warehouse).ids,
            3: (self.warehouse | self.second).ids,
            4: self.third.ids,
            5: [],
        }
        ids = [product.id for product in self.products]
        apart = self.stock._read_free(ids, [*sites[2], *sites[4]])
        expected = {
            site: [sum(apart.get((one, w), 0.0) for w in warehouses) for one in ids]
            for site, warehouses in sites.items()
        }
        self.assertEqual(expected[2], [13, 24, 35, 46])
        for sets in (32, 1):  # all in one query, and in several
            with patch(f"{STOCK}.SETS", sets):
                read = self.stock._read_free_by_site(ids, sites)
            found = {site: [read[site].get(one, 0.0) for one in ids] for site in sites}
            self.assertEqual(found, expected)
        self.assertEqual(self.stock._read_free_by_site([], {7: []}), {7: {}})

    def test_numbers_that_lie_close_are_read_by_the_first_and_the_last(self):
        ids = [product.id for product in self.products]
        self.assertLess(ids[-1] - ids[0], 6)
        exactly = self.stock._read_free([ids[0], ids[1], ids[3]], self.warehouse.ids)
        with patch(f"{TOOLS}.MANY", 3), self.statements() as statements:
            covered = self.stock._read_free(
                {ids[0], ids[1], ids[3]}, self.warehouse.ids
            )
        self.assertIn("BETWEEN", statements[-1])
        for one in (ids[0], ids[1], ids[3]):
            key = (one, self.warehouse.id)
            self.assertEqual(covered[key], exactly[key])
        self.assertEqual(exactly[ids[3], self.warehouse.id], 6)

    def test_numbers_that_lie_apart_are_read_one_by_one(self):
        ids = [self.products[0].id, self.products[3].id, 1 << 30]
        with patch(f"{TOOLS}.MANY", 3), self.statements() as statements:
            read = self.stock._read_free(ids, self.warehouse.ids)
        self.assertNotIn("BETWEEN", statements[-1])
        self.assertEqual({product for product, _w in read}, set(ids[:2]))

    def test_a_row_says_what_its_listing_says(self):
        policy = self.env["marketplace.buffer.policy"].create({"name": "Own"})
        plain, odd = (self.make_listing(one) for one in self.products[:2])
        odd.write(
            {"buffer_policy_id": policy.id, "units_per_listing": 6, "is_stopped": True}
        )
        numbers = {
            "qty": 7,
            "committed_qty": 2.123456,
            "buffer_qty": 1,
            "own_qty": 4,
            "sellable_qty": 3,
            "sync_state": "failed",
            "block_code": "guarded",
            "published_qty": 9,
        }
        odd.product_id.active = False
        self.env.cr.flush()
        odd._write_multi([{**numbers, "published_at": "2026-11-21 10:00:00"}])
        ids = (plain | odd).ids
        rows = self.env["marketplace.listing"]._select_rows(SQL("l.id = ANY(%s)", ids))
        of = {row.id: row for row in rows}
        self.assertEqual(len(by_kind(rows)), 2)
        stored = of[odd.id].stored
        self.assertEqual(stored._asdict(), {**numbers, "is_known": True})
        self.assertFalse(of[plain.id].stored.is_known)
        self.assertIsNone(of[plain.id].stored.block_code)
        for listing in plain, odd:
            kind = of[listing.id].kind
            for name in ("fulfilment", "qty_source", "units_per_listing", "is_stopped"):
                self.assertEqual(kind[kind._fields.index(name)], listing[name])
            self.assertEqual(kind.site_id, listing.site_id.id)
            self.assertEqual(kind.account_id, listing.account_id.id)
            self.assertEqual(kind.company_id, listing.company_id.id)
            self.assertEqual(kind.policy_id, listing.effective_buffer_policy_id.id)
            self.assertEqual(kind.product_active, listing.product_id.active)
        self.assertEqual(of[odd.id].kind.policy_id, policy.id)

    def test_only_odd_products_are_told_of(self):
        plain, archived, untracked, both = self.products
        untracked.is_storable = both.is_storable = False
        archived.active = both.active = False
        self.env.flush_all()
        ids = [product.id for product in self.products]
        odd = self.stock._read_odd_products(ids)
        told = {
            one: (odd[one].active, odd[one].is_tracked) for one in ids if one in odd
        }
        expected = {
            archived.id: (False, True),
            untracked.id: (True, False),
            both.id: (False, False),
        }
        self.assertEqual(told, expected)
        self.assertNotIn(plain.id, odd)
        self.assertEqual(self.stock._read_odd_products([]), {})
