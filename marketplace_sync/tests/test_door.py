"""The door: what is let in, what is turned away, and what is kept of it."""

import base64
import io
import logging
from unittest.mock import patch

from odoo import http
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL, config, mute_logger
from psycopg2 import OperationalError, errorcodes
from werkzeug.wrappers import Request

from ..controllers import access_log, main
from .webhook_case import (
    OLD_SECRET,
    ORDER,
    SECRET,
    SHOP,
    WebhookMixin,
    note,
    shopify_body,
    shopify_headers,
    sign,
)


class DoorCase(WebhookMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_webhook_accounts()
        cls.env["marketplace.webhook.counter"].search([]).unlink()

    def setUp(self):
        super().setUp()
        self.watch_waking()

    def path(self, account):
        return f"/marketplace_sync/{account.channel}/{account.webhook_path}"

    def post(self, path, body, headers=None, **kwargs):
        self.env.flush_all()
        answer = self.url_open(
            path, data=body, headers=headers or {}, method="POST", **kwargs
        )
        self.env.invalidate_all()
        self.env.invalidate_all()
        return answer

    def tell_shopify(self, body=None, account=None, **headers):
        body = shopify_body() if body is None else body
        path = self.path(account or self.shopify)
        return self.post(path, body, shopify_headers(body, **headers)).status_code

    def tell_mercadolibre(self, **changes):
        headers = {"Content-Type": "application/json"}
        path = self.path(self.mercadolibre)
        return self.post(path, note(**changes), headers).status_code

    def assertTurnedAway(self, status, account, kind, calls=1):
        self.assertFalse(self.events())
        self.assertFalse(self.woken)
        self.assertEqual(self.counted(account), {kind: calls})
        return status


@tagged("post_install", "-at_install")
class TestShopifyAtTheDoor(DoorCase):
    def test_a_signed_notification_is_stored_and_wakes_the_worker(self):
        body = shopify_body(total_price="10.00")
        self.assertEqual(self.tell_shopify(body), 200)
        event = self.events(self.shopify)
        self.assertEqual(event.external_id, ORDER)
        self.assertEqual((event.topic, event.kind), ("orders/create", "order"))
        self.assertEqual(event.delivery_id, "delivery-1")
        self.assertEqual(event.state, "new")
        self.assertEqual(event.company_id, self.shopify.company_id)
        self.assertEqual(event.channel, "shopify")
        self.assertEqual(event.body, body.decode())
        self.assertEqual(event.body_size, len(body))
        self.assertEqual(str(event.triggered_at)[:19], "2026-11-20 15:00:01")
        self.assertTrue(event.received_at)
        self.assertEqual(event.headers["x-shopify-event-id"], "event-1")
        self.assertEqual(self.woken, self.shopify.ids)
        self.assertEqual(self.counted(self.shopify), {})

    def test_the_answer_is_empty_and_keeps_no_session(self):
        body = shopify_body()
        answer = self.post(self.path(self.shopify), body, shopify_headers(body))
        self.assertEqual((answer.status_code, answer.content), (200, b""))
        self.assertNotIn("Set-Cookie", answer.headers)

    def test_the_old_secret_is_good_while_it_is_being_replaced(self):
        self.shopify.shopify_client_secret = "fake-newer-secret"
        self.assertEqual(self.tell_shopify(secret=SECRET), 200)
        self.assertEqual(
            self.tell_shopify(secret="fake-newer-secret", delivery="d-2"), 200
        )
        self.shopify.shopify_previous_client_secret = False
        self.assertEqual(self.tell_shopify(secret=SECRET, delivery="d-3"), 401)
        self.assertEqual(len(self.events()), 2)

    def test_a_previous_secret_can_be_typed(self):
        self.shopify.shopify_previous_client_secret = OLD_SECRET
        self.assertEqual(self.tell_shopify(secret=OLD_SECRET), 200)
        self.assertEqual(self.tell_shopify(delivery="d-2"), 200)

    def test_a_forged_signature_is_401_and_leaves_nothing(self):
        for secret in ("another-secret", "", "None"):
            self.assertEqual(self.tell_shopify(secret=secret), 401)
        self.assertTurnedAway(401, self.shopify, "forged", 3)

    def test_a_body_that_was_changed_is_401(self):
        headers = shopify_headers(shopify_body())
        answer = self.post(self.path(self.shopify), shopify_body(1), headers)
        self.assertEqual(answer.status_code, 401)
        self.assertTurnedAway(401, self.shopify, "forged")

    def test_no_header_at_all_is_401(self):
        answer = self.post(self.path(self.shopify), shopify_body())
        self.assertEqual(answer.status_code, 401)
        self.assertTurnedAway(401, self.shopify, "forged")

    def test_an_account_without_a_secret_believes_nobody(self):
        self.shopify.shopify_client_secret = False
        self.assertEqual(self.tell_shopify(), 401)
        self.assertEqual(self.tell_shopify(secret=""), 401)
        self.assertTurnedAway(401, self.shopify, "forged", 2)

    def test_another_shop_of_the_same_app_is_401(self):
        """One app, two shops: both sign with the same secret."""
        self.assertEqual(self.tell_shopify(Shop_Domain="other-shop.myshopify.com"), 401)
        self.assertTurnedAway(401, self.shopify, "forged")

    def test_what_comes_twice_is_stored_once_and_answered_200(self):
        self.assertEqual(self.tell_shopify(), 200)
        self.assertEqual(self.tell_shopify(), 200)
        self.assertEqual(len(self.events()), 1)
        self.assertEqual(self.woken, self.shopify.ids, "woken once")
        self.assertEqual(self.counted(self.shopify), {"duplicate": 1})

    def test_one_delivery_id_on_two_accounts_is_two_events(self):
        other = self.shopify.copy(
            {"shopify_shop": "door-shop", "shopify_client_secret": SECRET}
        )
        self.assertNotEqual(other.webhook_path, self.shopify.webhook_path)
        self.assertEqual(self.tell_shopify(), 200)
        self.assertEqual(self.tell_shopify(account=other), 200)
        self.assertEqual(len(self.events()), 2)

    def test_signed_rubbish_is_stored_and_names_no_order(self):
        for number, body in enumerate((b"{", b"\xff\x00\xfe", b"[]", b"null", b"0")):
            self.assertEqual(self.tell_shopify(body, delivery=f"d-{number}"), 200)
        self.assertEqual(len(self.events()), 5)
        self.assertFalse(any(self.events().mapped("external_id")))

    def test_a_topic_that_is_nothing_to_us_is_200_and_counted(self):
        self.assertEqual(self.tell_shopify(Topic="themes/publish"), 200)
        self.assertFalse(self.events())
        self.assertEqual(self.counted(self.shopify), {"unused": 1})

    def test_an_endless_delivery_id_is_stored_by_its_digest(self):
        self.assertEqual(self.tell_shopify(delivery="x" * 6000), 200)
        self.assertEqual(self.tell_shopify(delivery="x" * 6000), 200)
        self.assertEqual(self.tell_shopify(delivery="x" * 6001), 200)
        self.assertEqual(len(self.events()), 2)

    def test_a_form_is_verified_by_its_raw_bytes(self):
        body = b"payload=%7B%7D"
        headers = {
            **shopify_headers(body),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = self.post(self.path(self.shopify), body, headers)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(self.events().body, body.decode())

    def test_a_signed_body_in_chunks_is_accepted(self):
        body = shopify_body()
        pieces = iter((body[:10], body[10:]))
        answer = self.post(self.path(self.shopify), pieces, shopify_headers(body))
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(self.events().body, body.decode())

    def test_paused_and_blocked_accounts_keep_what_comes(self):
        for number, state in enumerate(("draft", "paused", "blocked")):
            self.shopify.state = state
            self.assertEqual(self.tell_shopify(delivery=f"d-{number}"), 200)
        self.assertEqual(len(self.events()), 3)

    def test_two_deliveries_at_the_same_moment_are_one(self):
        """The second one collides with the first: no error, no second of waiting."""
        Event = type(self.env["marketplace.event"])
        store, calls = Event._store, []

        class Conflict(OperationalError):
            pgcode = errorcodes.SERIALIZATION_FAILURE

        def colliding(model, *args):
            calls.append(1)
            if len(calls) < 3:
                raise Conflict()
            return store(model, *args)

        with patch.object(Event, "_store", colliding), patch("time.sleep") as sleep:
            self.assertEqual(self.tell_shopify(), 200)
            self.assertFalse(sleep.called)
        self.assertEqual(len(self.events()), 1)

    def test_a_key_that_was_lost_lets_the_channel_try_again(self):
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE marketplace_credential SET payload = 'gAAAAA-of-another-key'")
        )
        self.assertEqual(self.tell_shopify(), 503)
        self.assertTurnedAway(503, self.shopify, "unreadable")


@tagged("post_install", "-at_install")
class TestMercadoLibreAtTheDoor(DoorCase):
    def test_a_plausible_hint_is_stored(self):
        self.assertEqual(self.tell_mercadolibre(), 200)
        event = self.events(self.mercadolibre)
        self.assertEqual((event.kind, event.external_id), ("order", "2195160686"))
        self.assertEqual(self.woken, self.mercadolibre.ids)

    def test_a_repeated_attempt_is_stored_once(self):
        self.tell_mercadolibre()
        again = self.tell_mercadolibre(attempts=2, sent="2026-10-30T16:26:00.000Z")
        self.assertEqual(again, 200)
        self.assertEqual(len(self.events()), 1)

    def test_another_user_or_application_is_401(self):
        self.assertEqual(self.tell_mercadolibre(user_id=1), 401)
        self.assertEqual(self.tell_mercadolibre(application_id=1), 401)
        self.assertTurnedAway(401, self.mercadolibre, "forged", 2)

    def test_a_resource_that_its_topic_cannot_have_is_401(self):
        for resource in (
            "/orders/../users/me",
            "https://evil.example/1",
            "/items/MLM1",
        ):
            self.assertEqual(self.tell_mercadolibre(resource=resource), 401)
        self.assertTurnedAway(401, self.mercadolibre, "forged", 3)

    def test_a_topic_that_is_nothing_to_us_is_200(self):
        """Anything else would have Mercado Libre switch topics off."""
        self.assertEqual(
            self.tell_mercadolibre(topic="questions", resource="/questions/1"), 200
        )
        self.assertFalse(self.events())
        self.assertEqual(self.counted(self.mercadolibre), {"unused": 1})

    def test_rubbish_is_401(self):
        path = self.path(self.mercadolibre)
        for body in (b"", b"{", b"[]", b"\xff", b"[" * 20_000, b" " * 20_000):
            self.assertEqual(self.post(path, body).status_code, 401)
        self.assertTurnedAway(401, self.mercadolibre, "forged", 6)


@tagged("post_install", "-at_install")
class TestUnknownAddresses(DoorCase):
    def paths(self):
        path = self.shopify.webhook_path
        return (
            f"/marketplace_sync/shopify/{path[:-1]}",
            f"/marketplace_sync/shopify/{path}x",
            f"/marketplace_sync/shopify/{path[::-1]}",
            f"/marketplace_sync/mercadolibre/{path}",
            f"/marketplace_sync/nonsense/{path}",
            "/marketplace_sync/shopify/x",
            "/marketplace_sync/shopify/%00%ff",
            f"/marketplace_sync/amazon/{self.amazon.webhook_path}",
        )

    def test_every_address_but_the_accounts_own_is_404(self):
        body = shopify_body()
        for path in self.paths():
            answer = self.post(path, body, shopify_headers(body))
            self.assertEqual(answer.status_code, 404, path)
        self.assertFalse(self.events())
        self.assertFalse(self.woken)
        counters = self.env["marketplace.webhook.counter"].search([])
        self.assertEqual(set(counters.mapped("kind")), {"unknown"})
        self.assertEqual(sum(counters.mapped("count")), len(self.paths()))
        self.assertFalse(counters.account_id)

    def test_names_that_somebody_invents_fill_no_table(self):
        for number in range(5):
            path = f"/marketplace_sync/invented-{number}/{'x' * 30}"
            self.assertEqual(self.post(path, b"{}").status_code, 404)
        counter = self.env["marketplace.webhook.counter"].search([])
        self.assertEqual((len(counter), counter.count), (1, 5))
        self.assertFalse(counter.channel)

    def test_nothing_is_read_before_the_post(self):
        """GET is no notification."""
        answer = self.url_open(self.path(self.shopify))
        self.assertIn(answer.status_code, (404, 405))
        self.assertFalse(self.events())

    def test_an_archived_account_has_no_address(self):
        self.shopify.write({"state": "paused", "active": False})
        self.assertEqual(self.tell_shopify(), 404)
        self.assertTurnedAway(404, None, "unknown")

    def test_the_old_address_is_gone_when_it_was_renewed(self):
        old = self.path(self.shopify)
        self.shopify.action_renew_webhook_path()
        body = shopify_body()
        answer = self.post(old, body, shopify_headers(body))
        self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.tell_shopify(), 200)

    def test_an_unknown_address_costs_the_same_check(self):
        """So that the time of the answer does not tell which accounts exist."""
        checked = []
        adapter_class = self.shopify._get_adapter_class()
        verify = adapter_class.verify_webhook

        def noting(headers, body, secrets, ref):
            checked.append((list(map(bool, secrets)), ref))
            return verify(headers, body, secrets, ref)

        body = shopify_body()
        with patch.object(adapter_class, "verify_webhook", noting):
            self.post("/marketplace_sync/shopify/" + "x" * 43, body)
        self.assertEqual(checked, [([True], "nobody")])


@tagged("post_install", "-at_install")
class TestSize(DoorCase):
    def setUp(self):
        super().setUp()
        patched = patch.object(main.read_body, "__defaults__", (1000,))
        patched.start()
        self.addCleanup(patched.stop)

    def test_a_body_of_the_limit_is_taken(self):
        body = b'{"id": 1}'.ljust(1000)
        self.assertEqual(self.tell_shopify(body), 200)

    def test_a_larger_one_is_413_though_it_is_signed(self):
        body = b'{"id": 1}'.ljust(1001)
        self.assertEqual(self.tell_shopify(body), 413)
        self.assertTurnedAway(413, self.shopify, "oversize")

    def test_it_is_not_read_when_its_length_is_told(self):
        class Request:
            content_length = 1001

            def get_data(self, **_kwargs):
                raise AssertionError("the body was read")

        self.assertIsNone(main.read_body(Request()))

    def test_a_body_without_a_length_is_read_to_the_limit_only(self):
        stream = io.BytesIO(b"x" * 5000)
        environ = {
            "REQUEST_METHOD": "POST",
            "wsgi.input": stream,
            "wsgi.input_terminated": True,
        }
        self.assertIsNone(main.read_body(Request(environ)))
        self.assertEqual(stream.tell(), 1001, "one more byte than the limit")

    def test_chunks_without_an_end_are_413(self):
        body = b"x" * 3000
        pieces = (body[start : start + 100] for start in range(0, 3000, 100))
        answer = self.post(self.path(self.shopify), pieces, shopify_headers(body))
        self.assertEqual(answer.status_code, 413)
        self.assertTurnedAway(413, self.shopify, "oversize")

    def test_a_large_form_is_413_too(self):
        """Odoo would have parsed it before the route saw it."""
        body = b"a=" + b"x" * 3000
        headers = {
            **shopify_headers(body),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = self.post(self.path(self.shopify), body, headers)
        self.assertEqual(answer.status_code, 413)
        self.assertTurnedAway(413, self.shopify, "oversize")

    def test_an_unknown_address_is_404_whatever_the_size(self):
        answer = self.post("/marketplace_sync/shopify/" + "x" * 43, b"x" * 3000)
        self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.counted(), {"unknown": 1})


@tagged("post_install", "-at_install")
class TestSecretsStaySecret(DoorCase):
    def hidden(self):
        body = shopify_body()
        signature = sign(body)
        return (
            SECRET,
            signature,
            base64.b64decode(signature).hex(),
            self.shopify.webhook_path,
        )

    def test_neither_secret_nor_signature_is_stored(self):
        self.tell_shopify()
        self.tell_shopify(secret="wrong", delivery="d-2")
        self.env.flush_all()
        for table in ("marketplace_event", "marketplace_webhook_counter"):
            for hidden in self.hidden():
                found = self.env.execute_query(
                    SQL(
                        "SELECT 1 FROM %s t WHERE t::text LIKE %s",
                        SQL.identifier(table),
                        f"%{hidden}%",
                    )
                )
                self.assertFalse(found, table)

    def test_neither_secret_nor_address_is_logged(self):
        # DEBUG would hold what the test's own client says
        access = logging.getLogger("werkzeug")
        self.addCleanup(access.setLevel, access.level)
        access.setLevel(logging.INFO)
        with self.assertLogs(level=logging.INFO) as logs:
            self.tell_shopify()
            self.tell_shopify(secret="wrong", delivery="d-2")
            self.tell_mercadolibre()
        text = "\n".join(logs.output)
        for hidden in (*self.hidden(), self.mercadolibre.webhook_path):
            self.assertNotIn(hidden, text)
        self.assertIn("POST /marketplace_sync/shopify/*** ", text)

    def test_the_access_log_names_the_channel_only(self):
        record = logging.LogRecord(
            "werkzeug",
            logging.INFO,
            "",
            0,
            '"%s" %s %s',
            (f"POST {self.path(self.shopify)}/db?x=1 HTTP/1.1", "200", 1),
            None,
        )
        self.assertTrue(access_log.SecretPathFilter().filter(record))
        self.assertEqual(
            record.getMessage(),
            '"POST /marketplace_sync/shopify/***?x=1 HTTP/1.1" 200 1',
        )
        filters = logging.getLogger("werkzeug").filters
        self.assertTrue(any(type(f).__name__ == "SecretPathFilter" for f in filters))


@tagged("post_install", "-at_install")
class TestSeveralDatabases(DoorCase):
    """Neither cookie nor header tells Odoo which database a channel means."""

    def setUp(self):
        super().setUp()
        self.database = self.env.cr.dbname
        self.opener.cookies.clear()

    @property
    def served(self):
        return patch.object(http, "db_list", lambda **_kw: ["other", self.database])

    def server_wide(self):
        """Load this addon's routes for requests without a database."""
        names = [*config["server_wide_modules"], "marketplace_sync"]
        patched = patch.dict(config.options, {"server_wide_modules": names})
        patched.start()
        self.addCleanup(patched.stop)
        http.root.__dict__.pop("nodb_routing_map", None)
        self.addCleanup(http.root.__dict__.pop, "nodb_routing_map", None)

    def tell(self, path):
        body = shopify_body()
        self.opener.cookies.clear()
        return self.post(path, body, shopify_headers(body)).status_code

    def test_the_address_names_the_database_where_there_are_several(self):
        address = self.shopify.webhook_address
        self.assertTrue(address.endswith(self.path(self.shopify)), "there is one")
        with self.served:
            self.shopify.invalidate_recordset()
            several = self.shopify.webhook_address
            hint = self.shopify.webhook_hint
        self.assertEqual(several, f"{address}/{self.database}")
        self.assertIn("--load", hint)

    def test_the_named_database_is_found(self):
        self.server_wide()
        with self.served:
            status = self.tell(f"{self.path(self.shopify)}/{self.database}")
        self.assertEqual(status, 200)
        self.assertEqual(self.events().external_id, ORDER)
        self.assertEqual(self.woken, self.shopify.ids)

    @mute_logger("odoo.http")
    def test_a_database_that_is_not_served_is_404(self):
        self.server_wide()
        with self.served:
            path = self.path(self.shopify)
            self.assertEqual(self.tell(path), 404, "none is named")
            self.assertEqual(self.tell(f"{path}/template1"), 404)
            self.assertEqual(self.tell(f"{path}/nonsense"), 404)
        self.assertFalse(self.events())

    def test_the_header_of_a_proxy_finds_it_too(self):
        body = shopify_body()
        headers = {**shopify_headers(body), "X-Odoo-Database": self.database}
        with self.served:
            answer = self.post(self.path(self.shopify), body, headers)
        self.assertEqual(answer.status_code, 200)

    def test_an_address_that_names_the_one_database_works(self):
        """Several became one: addresses that a channel has go on working."""
        self.assertEqual(self.tell(f"{self.path(self.shopify)}/{self.database}"), 200)
        self.assertEqual(self.tell(f"{self.path(self.shopify)}/another"), 404)
        self.assertEqual(SHOP, self.events().headers["x-shopify-shop-domain"])
