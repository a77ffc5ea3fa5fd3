"""Tests that every channel's adapter must pass, run against a simulated channel.

Subclass :class:`AdapterContract` together with ``unittest.TestCase``, name the
adapter and its simulator, say how a listing is put on the shelf, and every
``test_…`` of this file runs against your channel (a channel of another addon gives
its own ``start_channel``)::

    class TestAmazonContract(AdapterContract, unittest.TestCase):
        channel = "amazon"
        adapter_class = AmazonAdapter
        credentials = {"seller_id": "A1EXAMPLE", …}
        sites = ("ATVPDKIKX0DER",)
        operations = {"token": "token", "write": "patch*", "read": "search*"}

        def known_ref(self, sku="CONTRACT-1", quantity=5): …

Time is a fake clock shared by the adapter, its rate limiter and the simulator:
nothing here sleeps (but for the one test of a channel that does not answer).
"""

import contextlib
import io
import logging
import traceback

from marketplace_sync.channels.base import ConnectionReport, ListingRef, StockLevel
from marketplace_sync.channels.errors import (
    AuthenticationError,
    ChannelUnreachable,
    RateLimited,
    RetryableError,
    UnsupportedError,
)

from .channel_case import ChannelCase, FakeClock, RecordingTokens

__all__ = ["AWKWARD_SKUS", "AdapterContract", "FakeClock", "RecordingTokens"]

#: SKUs that break careless adapters: path and query quoting, CSV, encodings, length.
AWKWARD_SKUS = (
    "A/B #1",
    "two words",
    "comma,inside",
    "50%+tax&more=1?",
    "ñandú-日本-é",
    "quote\"s'",
    "x" * 40,
)
#: Methods of the contract that a channel may lack, with arguments to call them.
ABILITIES = {
    "request_token": (),
    "check_connection": (),
    "fetch_listings": (),
    "push_stock": ((), "key"),
    "poll_push": ("1",),
    "fetch_stock": ((),),
    "fetch_orders": (None,),
    "fetch_order": ("1",),
    "confirm_shipment": (None,),
    "fetch_returns": ("1",),
    "fetch_channel_stock": ((),),
    "request_return_list": ("S", None, None),
    "look_for_return_list": ("1",),
    "read_return_list": ("1",),
    "verify_webhook": ({}, b"", (), ""),
    "parse_webhook": ({}, b""),
}
OUTCOMES = ("accepted", "submitted", "rejected", "retry")


class AdapterContract(ChannelCase):
    """What the models may rely on, whatever the channel."""

    #: Odoo's loader skips inherited tests without it
    allow_inherited_tests_method = True

    # --- publishing ---------------------------------------------------------------
    def test_a_pushed_quantity_is_what_buyers_see(self):
        ref = self.known_ref(quantity=5)
        result = self.push(self.make_adapter(), (ref, 7))[ref.key]
        self.assert_published(ref, result, 7)

    def test_every_row_has_exactly_one_result(self):
        refs = [self.known_ref(f"ROW-{number}") for number in range(12)]
        rows = [(ref, number) for number, ref in enumerate(refs)]
        results = self.push(self.make_adapter(), *rows)
        self.assertLessEqual({r.outcome for r in results.values()}, set(OUTCOMES))
        self.settle()
        self.assertEqual([self.shown_quantity(ref) for ref in refs], list(range(12)))

    def test_an_empty_push_does_nothing(self):
        self.assertEqual(self.push(self.make_adapter()), {})

    def test_a_quantity_is_absolute_so_repeating_it_is_harmless(self):
        ref = self.known_ref(quantity=5)
        adapter = self.make_adapter()
        self.push(adapter, (ref, 7), key="first")
        self.settle()
        result = self.push(adapter, (ref, 7), key="second")[ref.key]
        self.assert_published(ref, result, 7)

    def test_the_same_batch_may_be_sent_again_after_a_crash(self):
        ref = self.known_ref(quantity=5)
        levels = self.make_adapter().prepare_push([StockLevel(ref, 7)])
        for _attempt in range(2):
            results = list(self.make_adapter().push_stock(levels, "same-key"))
        self.assert_published(ref, results[0], 7)

    def test_a_write_whose_answer_was_lost_is_safely_sent_again(self):
        ref = self.known_ref(quantity=5)
        adapter = self.make_adapter()
        levels = adapter.prepare_push([StockLevel(ref, 7)])
        self.channel_fault("write", "reset_after")
        with contextlib.suppress(RetryableError):
            list(adapter.push_stock(levels, "same-key"))
        result = list(adapter.push_stock(levels, "same-key"))[0]
        self.assert_published(ref, result, 7)

    def test_zero_can_be_published(self):
        ref = self.known_ref(quantity=5)
        result = self.push(self.make_adapter(), (ref, 0))[ref.key]
        self.assert_published(ref, result, 0)

    def test_a_listing_at_zero_comes_back(self):
        ref = self.known_ref(quantity=0)
        result = self.push(self.make_adapter(), (ref, 4))[ref.key]
        self.assert_published(ref, result, 4)

    def test_pushing_one_listing_leaves_its_neighbours_alone(self):
        ref, neighbour = self.known_ref("ONE"), self.known_ref("OTHER", quantity=3)
        self.push(self.make_adapter(), (ref, 9))
        self.settle()
        self.assertEqual(self.shown_quantity(neighbour), 3)

    def test_an_unknown_listing_is_a_result_and_its_neighbours_are_served(self):
        before, after = self.known_ref("BEFORE"), self.known_ref("AFTER")
        unknown = self.unknown_ref()
        results = self.push(self.make_adapter(), (before, 1), (unknown, 2), (after, 3))
        outcome = "submitted" if self.acknowledges_unknown else "rejected"
        self.assertEqual(results[unknown.key].outcome, outcome)
        if outcome == "rejected":
            self.assertTrue(results[unknown.key].error, "a refusal says why")
        self.assert_published(before, results[before.key], 1)
        self.assert_published(after, results[after.key], 3)

    def test_any_sku_reaches_the_channel_as_it_is(self):
        skus = [sku for sku in AWKWARD_SKUS if sku not in self.impossible_skus]
        refs = [self.known_ref(sku, quantity=1) for sku in skus]
        adapter = self.make_adapter()
        self.push(adapter, *((ref, 6) for ref in refs))
        self.settle()
        for ref in refs:
            with self.subTest(sku=ref.sku):
                self.assertEqual(self.shown_quantity(ref), 6)
        listings = self.read(adapter, *refs)
        for ref in refs:
            with self.subTest(sku=ref.sku):
                self.assertEqual(listings[ref.key].sku, ref.sku)
                self.assertEqual(listings[ref.key].quantity, 6)
                self.assertFalse(listings[ref.key].problems)

    def test_a_batch_holds_at_least_one_row(self):
        adapter = self.make_adapter()
        for pending in (0, 1, 10, 1_000, 100_000):
            self.assertGreaterEqual(adapter.batch_size(pending), 1)

    def test_a_result_carries_the_request_id_of_the_channel(self):
        if not self.has_request_ids:
            self.skipTest("this channel gives no request ids")
        ref = self.known_ref()
        self.assertTrue(self.push(self.make_adapter(), (ref, 7))[ref.key].request_id)

    # --- reading ------------------------------------------------------------------
    def test_reading_gives_one_answer_per_ref_also_for_the_unknown(self):
        known, unknown = self.known_ref(quantity=5), self.unknown_ref()
        listings = self.read(self.make_adapter(), known, unknown)
        self.assertEqual(listings[known.key].quantity, 5)
        self.assertFalse(listings[known.key].problems)
        codes = [problem.code for problem in listings[unknown.key].problems]
        self.assertEqual(codes, ["unknown_sku"])
        self.assertTrue(listings[unknown.key].problems[0].blocking)

    def test_reading_many_refs_answers_each(self):
        refs = [self.known_ref(f"MANY-{n}", quantity=n) for n in range(45)]
        listings = self.read(self.make_adapter(), *refs)
        self.assertEqual([listings[ref.key].quantity for ref in refs], list(range(45)))

    def test_reading_nothing_asks_nothing(self):
        self.assertEqual(self.read(self.make_adapter()), {})

    def test_what_was_pushed_is_read_back(self):
        ref = self.known_ref(quantity=5)
        adapter = self.make_adapter()
        self.push(adapter, (ref, 7))
        self.settle()
        self.assertEqual(self.read(adapter, ref)[ref.key].quantity, 7)

    def test_matching_finds_every_listing_under_its_exact_sku(self):
        refs = [self.known_ref("FIND-ME", quantity=5), self.known_ref("ñ é/1")]
        found = {
            listing.sku: listing for listing in self.make_adapter().fetch_listings()
        }
        for ref in refs:
            self.assertIn(ref.sku, found)
            self.assertEqual(found[ref.sku].site_code, ref.site_code)
            self.assertEqual(found[ref.sku].key, "")

    def test_what_matching_found_can_be_read_and_pushed(self):
        self.known_ref("FIND-ME", quantity=5)
        adapter = self.make_adapter()
        found = next(x for x in adapter.fetch_listings() if x.sku == "FIND-ME")
        ref = ListingRef(
            key="found",
            sku=found.sku,
            external_ref=found.external_ref,
            site_code=found.site_code,
            pool_key=found.pool_key,
            data=found.data,
        )
        self.assertEqual(self.read(adapter, ref)["found"].quantity, 5)
        self.assert_published(ref, self.push(adapter, (ref, 8))["found"], 8)

    # --- connection ---------------------------------------------------------------
    def test_checking_a_good_connection_finds_the_sites_and_nothing_missing(self):
        self.known_ref()
        report = self.make_adapter().check_connection()
        self.assertIsInstance(report, ConnectionReport)
        self.assertTrue(report.account_name)
        self.assertEqual(list(report.missing), [])
        self.assertLessEqual(set(self.sites), {site.code for site in report.sites})

    def test_wrong_credentials_block_the_account(self):
        adapter = self.make_adapter(credentials=self.wrong_credentials)
        with self.assertRaises(AuthenticationError) as caught:
            adapter.check_connection()
        self.assertTrue(caught.exception.message)

    def test_wrong_credentials_block_a_push_too(self):
        ref = self.known_ref()
        adapter = self.make_adapter(credentials=self.wrong_credentials)
        with self.assertRaises(AuthenticationError):
            self.push(adapter, (ref, 7))

    def test_missing_credentials_are_named_before_anything_is_sent(self):
        for name in self.wrong_credentials:
            with self.subTest(name), self.assertRaises(AuthenticationError) as caught:
                self.make_adapter(credentials={name: ""}).request_token()
            self.assertIsNone(caught.exception.request_id)

    def test_a_refused_token_is_replaced_once_and_the_call_repeated(self):
        if not self.refreshes_tokens:
            self.skipTest("this channel's tokens are static")
        ref = self.known_ref()
        adapter = self.make_adapter()
        self.channel_fault("write", **self.expired_token)
        result = self.push(adapter, (ref, 7))[ref.key]
        self.assert_published(ref, result, 7)
        self.assertEqual(self.tokens.refused, self.tokens.issued[:1])
        self.assertEqual(len(self.tokens.issued), 2)

    def test_a_token_that_stays_refused_blocks_the_account(self):
        ref = self.known_ref()
        adapter = self.make_adapter()
        self.channel_fault("write", times=-1, **self.expired_token)
        with self.assertRaises(AuthenticationError):
            self.push(adapter, (ref, 7))
        self.assertLessEqual(len(self.tokens.refused), 1)

    # --- failures of a whole call -------------------------------------------------
    def test_rate_limits_with_any_body_are_retryable(self):
        ref = self.known_ref()
        for kind in ("429", "429_empty", "429_html"):
            for operation, call in self._calls(ref):
                with self.subTest(f"{kind} on {operation}"):
                    self.channel_fault(operation, kind)
                    self.assert_retryable(call, RateLimited)
                    self.settle()

    def test_nonsense_answers_are_retryable(self):
        ref = self.known_ref()
        for kind in ("503_empty", "html", "malformed"):
            for operation, call in self._calls(ref):
                with self.subTest(f"{kind} on {operation}"):
                    self.channel_fault(operation, kind)
                    self.assert_retryable(call, ChannelUnreachable)

    def test_a_closed_connection_is_retryable(self):
        ref = self.known_ref()
        for operation, call in self._calls(ref):
            with self.subTest(operation):
                self.channel_fault(operation, "reset", times=3)
                self.assert_retryable(call, ChannelUnreachable)
                self.running.clear_faults()

    def test_a_channel_that_does_not_answer_is_given_up(self):
        ref = self.known_ref()
        adapter = self.make_adapter()
        adapter.timeout = (0.2, 0.2)
        self.channel_fault("read", "slow", seconds=0.6)
        self.assert_retryable(lambda: self.read(adapter, ref), ChannelUnreachable)

    def test_an_unusable_answer_for_a_token_does_not_blame_the_credentials(self):
        if not self.refreshes_tokens:
            self.skipTest("this channel's tokens are static")
        for kind in ("429_empty", "503_empty", "html", "malformed", "reset"):
            with self.subTest(kind):
                self.channel_fault("token", kind)
                with self.assertRaises(RetryableError):
                    self.make_adapter().request_token()
                self.running.clear_faults()

    def test_a_rate_limit_carries_the_request_id(self):
        if not self.has_request_ids:
            self.skipTest("this channel gives no request ids")
        ref = self.known_ref()
        adapter = self.make_adapter()
        self.channel_fault("read", "429")
        with self.assertRaises(RateLimited) as caught:
            self.read(adapter, ref)
        self.assertTrue(caught.exception.request_id)

    def _calls(self, ref):
        """Yield a read and a write, each with an adapter of its own."""
        yield "read", lambda: self.read(self.make_adapter(), ref)
        yield "write", lambda: self.push(self.make_adapter(), (ref, 7))

    # --- secrets, abilities, sockets ----------------------------------------------
    def test_no_secret_is_printed_logged_or_raised(self):
        ref = self.known_ref()
        log = io.StringIO()
        handler = logging.StreamHandler(log)
        root = logging.getLogger()
        level, secrets, printed = root.level, set(), []
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            for credentials in (None, self.wrong_credentials):
                adapter = self.make_adapter(credentials=credentials)
                printed += [repr(adapter), repr(adapter.config)]
                printed.append(self._what_shows(adapter, ref))
                secrets |= self._secrets(adapter)
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
        printed = "\n".join([*printed, log.getvalue()])
        self.assertTrue(secrets)
        for secret in secrets:
            self.assertNotIn(secret, printed)

    def _what_shows(self, adapter, ref):
        """Return what a person could see of a push that meets a refused token."""
        self.channel_fault("write", **self.expired_token)
        try:
            return repr(self.push(adapter, (ref, 7))) + repr(self.tokens.current)
        except Exception:
            return traceback.format_exc()
        finally:
            self.running.clear_faults()

    def _secrets(self, adapter):
        given = adapter.config.credentials
        secrets = {given.get(name) for name in self.secret_fields}
        return (secrets | set(self.tokens.issued)) - {None, ""}

    def test_abilities_and_supports_tell_the_same(self):
        adapter = self.make_adapter()
        for ability, arguments in ABILITIES.items():
            with self.subTest(ability):
                if not adapter.supports(ability):
                    with self.assertRaises(UnsupportedError):
                        getattr(adapter, ability)(*arguments)

    def test_stock_can_be_published_and_read_at_least(self):
        for ability in ("check_connection", "push_stock", "fetch_stock"):
            self.assertTrue(self.adapter_class.supports(ability), ability)

    def test_closing_twice_is_fine(self):
        ref = self.known_ref()
        adapter = self.make_adapter()
        self.read(adapter, ref)
        adapter.close()
        adapter.close()

    def test_limits_are_published_figures(self):
        for operation, bucket in self.adapter_class.limits.items():
            with self.subTest(operation):
                self.assertGreater(bucket.rate, 0)
                self.assertGreaterEqual(bucket.burst, 1)
