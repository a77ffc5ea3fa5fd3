"""Shopify's host, tokens, points and errors."""

import json
import unittest
from unittest import mock

import responses
import shopify

from marketplace_sync.channels.base import AdapterConfig, ListingRef, Token
from marketplace_sync.channels.errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
)
from marketplace_sync.channels.ratelimit import RateLimiter
from marketplace_sync.channels.shopify import ShopifyAdapter
from marketplace_sync.channels.shopify.adapter import _version_warnings
from marketplace_sync.channels.shopify.auth import graphql_url, shop_session
from marketplace_sync.channels.shopify.client import Reply
from marketplace_sync.channels.shopify.const import POINTS
from marketplace_sync.channels.shopify.documents import LEVELS, SHOP
from marketplace_sync.tests.pure.channel_case import FakeClock
from marketplace_sync.tests.pure.shopify_case import BERLIN, ShopifyCase

REAL = "https://my-shop.myshopify.com/admin/api/2026-10/graphql.json"


class TestHost(unittest.TestCase):
    def test_a_shop_may_be_written_in_the_usual_ways(self):
        for shop in (
            "my-shop",
            "my-shop.myshopify.com",
            "https://my-shop.myshopify.com/",
            " My-Shop ",
        ):
            self.assertEqual(shop_session(shop).url, "my-shop.myshopify.com")

    def test_nothing_that_names_another_host_is_taken_for_a_shop(self):
        for shop in (
            "",
            None,
            "evil.com",
            "my-shop.myshopify.com.evil.com",
            "my-shop.myshopify.com@evil.com",
            "evil.com/my-shop.myshopify.com",
            "my-shop.myshopify.com:8080",
            "my-shop/../admin",
            "my_shop#",
            "-shop",
            "my-shop\n.evil.com",
            "http://my-shop.myshopify.com",
        ):
            with self.subTest(shop), self.assertRaises(AuthenticationError):
                shop_session(shop)

    def test_calls_go_to_the_shop_itself_in_our_version(self):
        self.assertEqual(graphql_url(AdapterConfig({"shop": "my-shop"})), REAL)

    def test_calls_of_a_test_account_go_to_its_own_address(self):
        config = AdapterConfig({"shop": "my-shop"}, api_url="http://127.0.0.1:1/x/")
        url = "http://127.0.0.1:1/x/admin/api/2026-10/graphql.json"
        self.assertEqual(graphql_url(config), url)

    def test_the_librarys_global_session_does_not_change_where_we_call(self):
        with mock.patch.object(shopify.Session, "myshopify_domain", "evil.com"):
            self.assertEqual(graphql_url(AdapterConfig({"shop": "my-shop"})), REAL)


class Wire(unittest.TestCase):
    """Answers that no simulator gives, against the real host name."""

    def setUp(self):
        self.clock = FakeClock()
        self.slept = []
        self.wire = responses.RequestsMock()
        self.wire.start()
        self.addCleanup(self.wire.stop)
        self.adapter = ShopifyAdapter(
            AdapterConfig({"shop": "my-shop", "access_token": "made-up-token"}),
            limiter=RateLimiter(
                ShopifyAdapter.limits, clock=self.clock, sleep=self.slept.append
            ),
            clock=self.clock,
        )

    def answer(self, body, status=200, **headers):
        body = body if isinstance(body, str) else json.dumps(body)
        self.wire.add("POST", REAL, body=body, status=status, headers=headers)

    def ask(self):
        return self.adapter.client.execute(SHOP)

    def throttled(self, requested, available, rate=50.0, maximum=1000.0):
        """Return a throttled answer in the shape that Shopify really gives."""
        cost = {
            "requestedQueryCost": requested,
            "actualQueryCost": None,
            "throttleStatus": {
                "maximumAvailable": maximum,
                "currentlyAvailable": available,
                "restoreRate": rate,
            },
        }
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        return {"errors": [error], "extensions": {"cost": cost}}

    def error(self, code, message="No.", **extensions):
        return {
            "errors": [{"message": message, "extensions": {"code": code, **extensions}}]
        }


class TestAnswers(Wire):
    def fails(self, family, body, status=200, text="", **headers):
        self.answer(body, status, **headers)
        with self.assertRaises(family) as caught:
            self.ask()
        self.assertIn(text, caught.exception.message)
        return caught.exception

    def test_the_token_travels_in_its_header_only(self):
        self.answer({"data": {"shop": {}}})
        self.ask()
        call = self.wire.calls[0].request
        self.assertEqual(call.headers["X-Shopify-Access-Token"], "made-up-token")
        self.assertNotIn("made-up-token", str(call.body) + call.url)

    def test_every_call_has_a_timeout(self):
        self.answer({"data": {"shop": {}}})
        self.ask()
        self.assertEqual(self.wire.calls[0].request.req_kwargs["timeout"], (5, 60))

    def test_the_request_id_is_kept(self):
        self.answer({"data": {}}, **{"X-Request-Id": "abc"})
        self.assertEqual(self.ask().request_id, "abc")
        error = self.fails(
            ChannelUnreachable,
            self.error("INTERNAL_SERVER_ERROR"),
            **{"X-Request-Id": "d"},
        )
        self.assertEqual(error.request_id, "d")

    def test_a_missing_scope_is_named(self):
        body = self.error(
            "ACCESS_DENIED", requiredAccess="`read_locations` access scope."
        )
        self.fails(ChannelBlockedError, body, text="read_locations")

    def test_a_missing_scope_is_named_from_the_message_too(self):
        body = self.error("ACCESS_DENIED", "Required access: `write_inventory`.")
        self.fails(ChannelBlockedError, body, text="write_inventory")

    def test_an_inactive_shop_stops_the_account(self):
        self.fails(ChannelBlockedError, self.error("SHOP_INACTIVE"))

    def test_half_an_answer_is_a_failure(self):
        body = {"data": {"shop": {}}, **self.error("INTERNAL_SERVER_ERROR")}
        self.fails(ChannelUnreachable, body)

    def test_a_query_that_is_too_dear_is_not_repeated(self):
        self.fails(RejectedError, self.error("MAX_COST_EXCEEDED", "Query cost is 1002"))

    def test_a_bug_in_a_document_is_not_repeated(self):
        self.fails(
            RejectedError, self.error("BAD_REQUEST", "directive"), text="directive"
        )

    def test_errors_may_be_a_mere_text(self):
        self.fails(RejectedError, {"errors": "Odd"}, text="Odd")

    def test_json_that_is_not_graphql_is_retried_later(self):
        for body in ("[]", "null", '"x"', "{}", '{"data": null}', '{"data": 3}'):
            with self.subTest(body):
                self.fails(ChannelUnreachable, body)

    def test_a_shop_that_cannot_trade_stops_the_account(self):
        for status in (402, 403, 404, 423):
            with self.subTest(status):
                self.fails(ChannelBlockedError, "", status)

    def test_a_redirect_is_not_followed(self):
        self.fails(ChannelUnreachable, "", 302, Location="https://evil.example/")
        self.assertEqual(len(self.wire.calls), 1)

    def test_retry_after_is_a_floor(self):
        for status in (429, 430):
            error = self.fails(RateLimited, "", status, **{"Retry-After": "4"})
            self.assertEqual(error.retry_after, 4)
            self.clock.sleep(60)

    def test_a_static_token_that_is_refused_is_not_tried_again(self):
        self.fails(AuthenticationError, {"errors": "[API] Invalid"}, 401)
        self.assertEqual(len(self.wire.calls), 1)

    def test_a_provider_that_has_no_newer_token_is_asked_once(self):
        self.adapter.client.tokens = lambda refused: Token("always-the-same")
        self.fails(AuthenticationError, "", 401)
        self.assertEqual(len(self.wire.calls), 1)

    def test_nothing_is_sent_while_retry_after_lasts(self):
        self.fails(RateLimited, "", 429, **{"Retry-After": "60"})
        with self.assertRaises(RateLimited):
            self.ask()
        self.assertEqual(len(self.wire.calls), 1)


class TestPoints(Wire):
    def bucket(self):
        return self.adapter.limiter.buckets[POINTS]

    def test_what_an_answer_says_about_points_is_adopted(self):
        cost = self.throttled(7, 3990, 200.0, 4000.0)["extensions"]
        self.answer({"data": {}, "extensions": cost})
        self.ask()
        bucket = self.bucket()
        self.assertEqual((bucket.limit.rate, bucket.limit.burst), (200, 4000))
        self.assertEqual(bucket.tokens, 3990)

    def test_a_call_waits_for_the_points_that_it_will_cost(self):
        cost = self.throttled(10, 2, 4.0)["extensions"]
        self.answer({"data": {}, "extensions": cost})
        self.ask()
        self.answer({"data": {}})
        self.ask()
        self.assertEqual(self.slept, [2.0], "(10 - 2) / 4")

    def test_a_long_wait_gives_the_turn_up(self):
        cost = self.throttled(900, 0)["extensions"]
        self.answer({"data": {}, "extensions": cost})
        self.ask()
        with self.assertRaises(RateLimited) as caught:
            self.ask()
        self.assertEqual(caught.exception.retry_after, 18)
        self.assertEqual(len(self.wire.calls), 1, "nothing was sent")

    def test_throttled_is_waited_out_and_the_same_bytes_sent_again(self):
        self.answer(self.throttled(266, 66))
        self.answer({"data": {"shop": {"name": "x"}}})
        self.assertEqual(self.ask()["shop"], {"name": "x"})
        self.assertEqual(self.slept[0], 4.0, "(266 - 66) / 50")
        first, second = (call.request.body for call in self.wire.calls)
        self.assertEqual(first, second)

    def test_a_throttled_call_waits_a_second_at_least(self):
        self.answer(self.throttled(70, 69))
        self.answer({"data": {}})
        self.ask()
        self.assertEqual(self.slept[0], 1.0)

    def test_throttled_without_figures_is_waited_out_too(self):
        self.answer(self.error("THROTTLED"))
        self.answer({"data": {}})
        self.ask()
        self.assertEqual(self.slept, [1.0])

    def test_a_long_throttle_is_left_to_the_caller(self):
        self.answer(self.throttled(900, 0))
        with self.assertRaises(RateLimited) as caught:
            self.ask()
        self.assertEqual((caught.exception.retry_after, self.slept), (18, []))

    def test_endless_throttling_is_given_up(self):
        self.answer(self.throttled(70, 66))
        with self.assertRaises(RateLimited):
            self.ask()

    def test_nonsense_figures_are_ignored(self):
        standstill = self.throttled(7, 100, rate=0)["extensions"]["cost"]
        nothing = ({"throttleStatus": {}}, {"throttleStatus": None})
        for cost in (None, [], *nothing, standstill):
            self.answer({"data": {}, "extensions": {"cost": cost}})
            self.ask()
        self.assertEqual(self.bucket().limit, ShopifyAdapter.limits[POINTS])

    def test_points_survive_into_the_next_job(self):
        cost = self.throttled(7, 100)["extensions"]
        self.answer({"data": {}, "extensions": cost})
        self.ask()
        state = json.loads(json.dumps(self.adapter.limiter.dump()))
        again = RateLimiter(ShopifyAdapter.limits, state, clock=self.clock)
        self.assertEqual(again.buckets[POINTS].tokens, 100)


class TestTokens(ShopifyCase):
    def test_client_id_and_secret_give_a_token_for_a_day(self):
        token = self.adapter().request_token()
        self.assertEqual(token.expires_at, self.clock() + 86399)
        self.assertNotIn(token.access_token, repr(token))

    def test_a_permanent_token_needs_no_call(self):
        adapter = self.adapter({"shop": "s", "access_token": "demo-access-token"})
        token = adapter.request_token()
        self.assertEqual(
            (token.access_token, token.expires_at), ("demo-access-token", None)
        )
        self.assertEqual(self.sim.log("shopify"), [])

    def test_a_token_that_expires_in_the_middle_is_renewed(self):
        ref, adapter = self.stock("A"), self.adapter()
        adapter.check_connection()
        self.clock.sleep(90_000)
        self.assertEqual(self.push((ref, 7), adapter=adapter)["A"].outcome, "accepted")

    def test_a_refused_permanent_token_gives_way_to_client_id_and_secret(self):
        credentials = {
            "shop": "demo-shop",
            "access_token": "revoked",
            "client_id": "demo-client-id",
            "client_secret": "demo-client-secret",
        }
        self.assertTrue(self.adapter(credentials).check_connection().account_name)

    def test_missing_credentials_are_named(self):
        for credentials, text in (
            ({"shop": "s"}, "access token, or"),
            ({"shop": "s", "client_id": "only"}, "access token, or"),
            ({"access_token": "t"}, "it is missing"),
        ):
            with self.subTest(text), self.assertRaisesRegex(AuthenticationError, text):
                self.adapter(credentials).check_connection()


class TestConnection(ShopifyCase):
    def test_missing_scopes_are_told_in_words(self):
        self.seed(credentials={"scopes": ["read_products", "read_inventory"]})
        report = self.adapter().check_connection()
        self.assertEqual(
            list(report.missing),
            [
                "Access scope write_inventory (to publish quantities)",
                "Access scope read_locations (to list the locations)",
            ],
        )

    def test_a_scope_for_orders_that_is_not_granted_is_only_noted(self):
        self.seed(credentials={"scopes": ["write_inventory", "write_products"]})
        notes = " ".join(self.adapter().check_connection().warnings)
        self.assertIn("Access scope read_orders is not granted", notes)
        self.assertIn("write_merchant_managed_fulfillment_orders", notes)

    def test_who_may_write_a_resource_may_read_it(self):
        scopes = ["write_products", "write_inventory", "read_locations"]
        scopes += ["write_orders", "write_merchant_managed_fulfillment_orders"]
        self.seed(credentials={"scopes": scopes})
        self.assertEqual(self.adapter().check_connection().missing, ())

    def test_locations_come_with_what_will_surprise(self):
        self.seed(
            sites=[
                {"code": "gid://shopify/Location/3", "name": "Old", "active": False},
                {"code": "gid://shopify/Location/4", "fulfillment_service": "3PL"},
                {"code": "gid://shopify/Location/5", "fulfills_online_orders": False},
            ]
        )
        sites = {s.code[-1]: s for s in self.adapter().check_connection().sites}
        self.assertEqual((sites["1"].name, sites["1"].warnings), ("Berlin", ()))
        self.assertFalse(sites["3"].active)
        for code, text in {"3": "Deactivated", "4": "3PL", "5": "online"}.items():
            self.assertIn(text, sites[code].warnings[0])

    def test_a_site_that_the_shop_does_not_have_is_told(self):
        report = self.adapter(
            sites=(BERLIN, "gid://shopify/Location/9")
        ).check_connection()
        self.assertEqual(
            list(report.warnings),
            ["The shop has no location gid://shopify/Location/9."],
        )

    def test_another_shop_than_the_configured_one_is_told(self):
        self.seed(credentials={"shop": "other.myshopify.com"})
        (warning,) = self.adapter().check_connection().warnings
        self.assertIn("other.myshopify.com", warning)

    def test_a_version_that_shopify_no_longer_serves_is_told(self):
        def warnings(served, *supported):
            versions = [{"handle": v, "supported": True} for v in supported]
            reply = Reply({"publicApiVersions": versions}, "", served)
            return list(_version_warnings(reply))

        self.assertEqual(warnings("2026-10", "2026-07", "2026-10"), [])
        self.assertEqual(warnings("", "2026-10"), [], "it does not say")
        self.assertEqual(len(warnings("2026-10", "2027-01")), 1)
        self.assertIn("2027-01", warnings("2027-01", "2026-10", "2027-01")[0])

    def test_a_scope_that_is_missed_later_stops_the_account_and_is_named(self):
        ref = self.stock("A")
        self.seed(credentials={"scopes": ["read_products", "read_inventory"]})
        with self.assertRaisesRegex(ChannelBlockedError, "write_inventory"):
            self.push((ref, 7))

    def test_calls_are_counted_by_operation(self):
        adapter = self.adapter()
        list(adapter.fetch_stock([ListingRef("x", "X", site_code=BERLIN)]))
        self.assertEqual(adapter.limiter.calls["productVariants"], 1)
        self.assertNotIn(LEVELS.name, adapter.limiter.calls)
