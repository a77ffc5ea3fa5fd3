"""Credentials: encrypted at rest, readable by nobody, gone when they should be."""

import io
import json
import logging
import os
import stat
import tempfile
from pathlib import Path
from unittest.mock import patch

from cryptography.fernet import Fernet
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, config, mute_logger

from ..models.marketplace_account import MASK
from ..models.marketplace_credential import KEY_ENVIRONMENT, KEY_FILE, KEY_OPTION
from .common import MarketplaceCase

#: Obviously fake, and easy to find wherever it should not be.
SECRET = "fake-secret-of-the-tests"
REFRESH = "fake-refresh-token-of-the-tests"


class CredentialCase(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.amazon = cls.make_account(
            "amazon",
            amazon_seller_id="A1FAKE",
            amazon_client_id="fake-client",
            amazon_client_secret=SECRET,
            amazon_refresh_token=REFRESH,
        )
        cls.manager = cls.make_user("manager", "marketplace_sync_group_manager")
        cls.user = cls.make_user("user", "marketplace_sync_group_user")
        cls.env.flush_all()

    @classmethod
    def make_user(cls, login, group):
        group = cls.env.ref(f"marketplace_sync.{group}")
        return cls.env["res.users"].create(
            {
                "name": login,
                "login": f"credentials-{login}",
                "group_ids": [Command.set(group.ids)],
            }
        )

    def payload(self, account=None):
        """Return what the database holds."""
        rows = self.env.execute_query(
            SQL(
                "SELECT payload FROM marketplace_credential WHERE account_id = %s",
                (account or self.amazon).id,
            )
        )
        return rows[0][0] if rows else None

    def with_keys(self, *keys):
        return patch.dict(os.environ, {KEY_ENVIRONMENT: ",".join(keys)})

    def secrets(self, account=None):
        self.env.invalidate_all()
        return (account or self.amazon)._get_secrets()


@tagged("post_install", "-at_install")
class TestAtRest(CredentialCase):
    def test_secrets_are_encrypted_in_the_database(self):
        payload = self.payload()
        self.assertTrue(payload)
        self.assertNotIn(SECRET, payload)
        self.assertEqual(self.secrets()["amazon_client_secret"], SECRET)

    def test_no_column_of_any_table_of_ours_holds_a_secret(self):
        tables = [
            name
            for (name,) in self.env.execute_query(
                SQL(
                    """SELECT table_name FROM information_schema.tables
                        WHERE table_schema = current_schema()
                          AND (table_name LIKE 'marketplace%%'
                               OR table_name IN ('mail_message', 'ir_cron',
                                                 'mail_tracking_value'))"""
                )
            )
        ]
        self.assertIn("marketplace_account", tables)
        for table in tables:
            found = self.env.execute_query(
                SQL(
                    "SELECT 1 FROM %s t WHERE t::text LIKE ANY (%s)",
                    SQL.identifier(table),
                    [f"%{SECRET}%", f"%{REFRESH}%"],
                )
            )
            self.assertFalse(found, table)

    def test_two_accounts_with_one_secret_do_not_look_alike(self):
        other = self.make_account("amazon", amazon_client_secret=SECRET)
        self.assertNotEqual(self.payload(other), self.payload())

    def test_the_adapter_gets_them(self):
        credentials = self.amazon._get_adapter_config().credentials
        self.assertEqual(credentials["client_secret"], SECRET)
        self.assertEqual(credentials["refresh_token"], REFRESH)
        self.assertEqual(credentials["client_id"], "fake-client")

    def test_one_secret_is_changed_without_the_others(self):
        self.amazon.amazon_client_secret = "another"
        secrets = self.secrets()
        self.assertEqual(secrets["amazon_client_secret"], "another")
        self.assertEqual(secrets["amazon_refresh_token"], REFRESH)

    def test_the_mask_that_a_form_sends_back_changes_nothing(self):
        before = self.payload()
        self.amazon.write({"amazon_client_secret": MASK, "name": "Renamed"})
        self.assertEqual(self.payload(), before)

    def test_an_emptied_secret_is_removed(self):
        self.amazon.amazon_client_secret = False
        self.assertNotIn("amazon_client_secret", self.secrets())
        self.assertFalse(self.amazon.amazon_client_secret)

    def test_the_secrets_go_with_the_account(self):
        account_id = self.amazon.id
        self.amazon.unlink()
        rows = self.env.execute_query(
            SQL(
                "SELECT 1 FROM marketplace_credential WHERE account_id = %s", account_id
            )
        )
        self.assertFalse(rows)

    def test_a_copy_of_an_account_has_no_secrets(self):
        copy = self.amazon.copy()
        self.assertFalse(self.payload(copy))
        self.assertFalse(copy.amazon_client_secret)
        for name in ("amazon_client_id", "amazon_seller_id", "api_url", "cron_id"):
            if name != "cron_id":
                self.assertNotEqual(copy[name] or None, self.amazon[name])
        self.assertNotEqual(copy.cron_id, self.amazon.cron_id)
        self.assertEqual(copy.state, "draft")


@tagged("post_install", "-at_install")
class TestReadBack(CredentialCase):
    """Neither a manager nor an administrator gets a secret out through RPC."""

    def setUp(self):
        super().setUp()
        self.env.invalidate_all()
        self.mine = self.amazon.with_user(self.manager)

    def assertNoSecret(self, answer):
        text = json.dumps(answer, default=str)
        self.assertNotIn(SECRET, text)
        self.assertNotIn(REFRESH, text)

    def test_reading_gives_a_mask(self):
        names = ["amazon_client_secret", "amazon_refresh_token"]
        (values,) = self.mine.read(names)
        self.assertEqual([values[name] for name in names], [MASK, MASK])
        self.assertEqual(self.mine.shopify_access_token, False)

    def test_reading_everything_gives_no_secret(self):
        for user in (self.manager, self.env.ref("base.user_admin")):
            account = self.amazon.with_user(user)
            self.assertNoSecret(account.read())
            self.assertNoSecret(account.search_read([("id", "=", account.id)]))
            self.assertNoSecret(account.web_read({"amazon_client_secret": {}}))

    def test_what_was_just_typed_is_not_echoed(self):
        (answer,) = self.mine.web_save(
            {"amazon_client_secret": SECRET + "2"}, {"amazon_client_secret": {}}
        )
        self.assertEqual(answer["amazon_client_secret"], MASK)
        self.assertEqual(self.mine.amazon_client_secret, MASK)
        created = (
            self.env["marketplace.account"]
            .with_user(self.manager)
            .create(
                {"name": "New", "channel": "amazon", "amazon_client_secret": SECRET}
            )
        )
        self.assertEqual(created.amazon_client_secret, MASK)

    def test_a_form_shows_at_once_that_a_secret_is_set(self):
        self.assertFalse(self.mine.mercadolibre_client_secret)
        self.mine.mercadolibre_client_secret = SECRET
        self.assertEqual(self.mine.mercadolibre_client_secret, MASK)
        self.mine.mercadolibre_client_secret = False
        self.assertFalse(self.mine.mercadolibre_client_secret)

    def test_an_export_gives_no_secret(self):
        self.manager.group_ids |= self.env.ref("base.group_allow_export")
        data = self.mine.export_data(["name", "amazon_client_secret"])
        self.assertEqual(data["datas"], [[self.amazon.name, MASK]])

    @mute_logger("odoo.domains", "odoo.fields", "odoo.orm.fields")
    def test_searching_and_grouping_tell_nothing(self):
        """A search by prefix would give a secret away letter by letter."""
        Account = self.env["marketplace.account"].with_user(self.manager)
        for domain in (
            [("amazon_client_secret", "=", SECRET)],
            [("amazon_client_secret", "=like", f"{SECRET[:4]}%")],
        ):
            with self.subTest(domain=domain):
                right = self._attempt(Account.search, domain)
                wrong = self._attempt(
                    Account.search, [("amazon_client_secret", "=", "something else")]
                )
                self.assertEqual(right, wrong)
        with self.assertRaises(Exception):  # noqa: B017, PT027
            Account.formatted_read_group([], ["amazon_client_secret"], ["__count"])
        with self.assertRaises(Exception):  # noqa: B017, PT027
            Account.search([], order="amazon_client_secret")

    def _attempt(self, method, *args):
        """Return what came back, or the kind of error."""
        try:
            return method(*args)
        except Exception as error:
            return type(error)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.orm.models")
    def test_the_table_of_secrets_is_closed_to_everybody(self):
        credential = self.env["marketplace.credential"].sudo().search([], limit=1)
        self.assertTrue(credential)
        (self.user | self.manager).group_ids |= self.env.ref("base.group_allow_export")
        calls = (
            lambda theirs: theirs.read(["payload"]),
            lambda theirs: theirs.search([]),
            lambda theirs: theirs.search_read([], ["payload"]),
            lambda theirs: theirs.search_count([("payload", "like", "gAAAA")]),
            lambda theirs: theirs.export_data(["payload"]),
            lambda theirs: theirs.write({"payload": "x"}),
            lambda theirs: theirs.create({"account_id": self.account.id}),
            lambda theirs: theirs.unlink(),
        )
        for user in (self.user, self.manager, self.env.ref("base.user_admin")):
            for call in calls:
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    call(credential.with_user(user))

    @mute_logger("odoo.orm.models", "odoo.models")
    def test_users_see_no_field_of_the_credentials(self):
        account = self.amazon.with_user(self.user)
        for name in (
            "amazon_client_secret",
            "amazon_refresh_token",
            "amazon_client_id",
            "shopify_access_token",
            "api_url",
            "is_test",
        ):
            with self.subTest(name=name), self.assertRaises(AccessError):
                account.read([name])
        self.assertNotIn("amazon_client_secret", account.fields_get())
        self.assertNoSecret(account.read())

    @mute_logger("odoo.orm.models", "odoo.addons.base.models.ir_model")
    def test_users_write_no_credentials(self):
        before = self.payload()
        for values in ({"amazon_client_secret": "x"}, {"api_url": "http://evil"}):
            with self.assertRaises(AccessError):
                self.amazon.with_user(self.user).write(values)
        with self.assertRaises(AccessError):
            self.env["marketplace.account"].with_user(self.user).create(
                {"name": "Mine", "channel": "amazon", "amazon_client_secret": "x"}
            )
        self.assertEqual(self.payload(), before)

    @mute_logger("odoo.orm.models", "odoo.models")
    def test_a_right_to_edit_accounts_is_no_right_to_edit_credentials(self):
        """Somebody may give their users that right; the fields have their own."""
        self.env["ir.model.access"].create(
            {
                "name": "users edit accounts",
                "model_id": self.env["ir.model"]._get_id("marketplace.account"),
                "group_id": self.env.ref(
                    "marketplace_sync.marketplace_sync_group_user"
                ).id,
                "perm_write": True,
            }
        )
        account = self.amazon.with_user(self.user)
        account.name = "Renamed"
        for name in ("amazon_client_secret", "amazon_client_id", "api_url"):
            with self.subTest(name=name), self.assertRaises(AccessError):
                account.write({name: "x"})
        self.assertEqual(self.secrets()["amazon_client_secret"], SECRET)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.orm.models")
    def test_managers_of_another_company_write_no_credentials(self):
        other = self.env["res.company"].create({"name": "Another company"})
        self.manager.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        before = self.payload()
        with self.assertRaises(AccessError):
            self.mine.write({"amazon_client_secret": "x"})
        self.assertEqual(self.payload(), before)

    def test_no_public_method_hands_out_secrets(self):
        """What RPC may call has a public name; these do not."""
        for name in (
            "_get_secrets",
            "_get_adapter_credentials",
            "_get_adapter_config",
            "_current_token",
        ):
            self.assertTrue(hasattr(self.amazon, name))
            self.assertTrue(name.startswith("_"))


@tagged("post_install", "-at_install")
class TestSilence(CredentialCase):
    """No secret in a log, a repr or an error."""

    def setUp(self):
        super().setUp()
        self.log = io.StringIO()
        handler = logging.StreamHandler(self.log)
        root = logging.getLogger()
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        for name in ("odoo.addons.marketplace_sync", "odoo.sql_db"):
            logger = logging.getLogger(name)
            level, propagate = logger.level, logger.propagate
            logger.setLevel(logging.DEBUG)
            logger.propagate = False
            logger.addHandler(handler)
            self.addCleanup(logger.removeHandler, handler)
            self.addCleanup(logger.setLevel, level)
            self.addCleanup(setattr, logger, "propagate", propagate)

    def test_storing_and_using_secrets_is_not_logged_even_when_sql_is(self):
        self.amazon.write({"amazon_client_secret": SECRET, "name": "Logged"})
        self.env.flush_all()
        self.amazon._get_adapter_config()
        self.assertIn("marketplace_credential", self.log.getvalue())
        self.assertNotIn(SECRET, self.log.getvalue())

    def test_what_adapters_are_given_does_not_print_its_secrets(self):
        configuration = self.amazon._get_adapter_config()
        for text in (repr(configuration), str(configuration), f"{configuration!s}"):
            self.assertNotIn(SECRET, text)
        with self.amazon._adapter_session() as adapter:
            for value in (adapter, adapter.config, vars(adapter)):
                self.assertNotIn(SECRET, repr(value))
                self.assertNotIn(REFRESH, repr(value))

    def test_records_do_not_print_their_secrets(self):
        self.assertNotIn(SECRET, repr(self.amazon) + str(self.amazon.display_name))


@tagged("post_install", "-at_install")
class TestKeys(CredentialCase):
    def test_keys_are_rotated_without_typing_anything_again(self):
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        with self.with_keys(old):
            account = self.make_account("amazon", amazon_client_secret=SECRET)
        with self.with_keys(new, old):
            self.assertEqual(self.secrets(account)["amazon_client_secret"], SECRET)
            account.amazon_refresh_token = REFRESH  # written with the first key
        with self.with_keys(new):
            self.assertEqual(
                self.secrets(account),
                {"amazon_client_secret": SECRET, "amazon_refresh_token": REFRESH},
            )
        with self.with_keys(old), self.assertRaises(UserError):
            self.secrets(account)

    def test_spaces_and_empty_entries_between_keys_do_not_matter(self):
        key = Fernet.generate_key().decode()
        with self.with_keys(f" {key} ", ""):
            account = self.make_account("amazon", amazon_client_secret=SECRET)
        with self.with_keys(key):
            self.assertEqual(self.secrets(account)["amazon_client_secret"], SECRET)

    def test_the_option_of_the_configuration_file_is_used(self):
        key = Fernet.generate_key().decode()
        with patch.dict(os.environ), patch.dict(config.options, {KEY_OPTION: key}):
            os.environ.pop(KEY_ENVIRONMENT, None)
            account = self.make_account("amazon", amazon_client_secret=SECRET)
            payload = self.payload(account)
        decrypted = Fernet(key.encode()).decrypt(payload.encode())
        self.assertEqual(json.loads(decrypted), {"amazon_client_secret": SECRET})

    def test_a_wrong_key_is_said_in_words(self):
        with self.with_keys(Fernet.generate_key().decode()):
            with self.assertRaises(UserError) as caught:
                self.secrets()
            with self.assertRaises(UserError):
                self.amazon._get_adapter_config()
        words = str(caught.exception)
        self.assertIn("another key", words)
        self.assertIn(KEY_OPTION, words)
        self.assertNotIn(SECRET, words)

    def test_with_a_wrong_key_the_form_opens_and_credentials_can_be_typed_again(self):
        with self.with_keys(Fernet.generate_key().decode()):
            self.env.invalidate_all()
            account = self.amazon.with_user(self.manager)
            (values,) = account.web_read({"name": {}, "amazon_client_secret": {}})
            self.assertFalse(values["amazon_client_secret"])
            account.amazon_client_secret = "typed again"
            self.assertEqual(
                account._get_secrets(), {"amazon_client_secret": "typed again"}
            )

    def test_a_key_that_is_none_is_said_in_words_without_the_key(self):
        with self.with_keys("not-a-fernet-key"), self.assertRaises(UserError) as caught:
            self.secrets()
        self.assertIn(KEY_ENVIRONMENT, str(caught.exception))
        self.assertNotIn("not-a-fernet-key", str(caught.exception))

    def test_damaged_ciphertext_is_said_in_words(self):
        self.env.cr.execute(
            SQL(
                "UPDATE marketplace_credential SET payload = %s WHERE account_id = %s",
                self.payload()[:-6] + "AAAAA=",
                self.amazon.id,
            )
        )
        with self.assertRaises(UserError):
            self.secrets()

    def test_without_a_key_a_file_is_made_that_only_its_owner_reads(self):
        with tempfile.TemporaryDirectory() as directory:
            options = {"data_dir": directory, KEY_OPTION: False}
            with patch.dict(os.environ), patch.dict(config.options, options):
                os.environ.pop(KEY_ENVIRONMENT, None)
                account = self.make_account("amazon", amazon_client_secret=SECRET)
                path = Path(directory) / KEY_FILE
                key = path.read_text()
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
                self.assertEqual(os.listdir(directory), [KEY_FILE])
                self.assertEqual(self.secrets(account)["amazon_client_secret"], SECRET)
                self.assertEqual(path.read_text(), key, "made once")
            Fernet(key.encode())  # is one

    def test_a_worker_that_comes_second_takes_the_first_ones_key(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / KEY_FILE
            first = Fernet.generate_key().decode()
            options = {"data_dir": directory, KEY_OPTION: False}
            with (
                patch.dict(os.environ),
                patch.dict(config.options, options),
                patch.object(Path, "exists", return_value=False),
            ):
                os.environ.pop(KEY_ENVIRONMENT, None)
                path.write_text(first)  # after the look, before the link
                account = self.make_account("amazon", amazon_client_secret=SECRET)
            payload = self.payload(account).encode()
            self.assertIn(SECRET.encode(), Fernet(first.encode()).decrypt(payload))
            self.assertEqual(os.listdir(directory), [KEY_FILE])


@tagged("post_install", "-at_install")
class TestAddress(CredentialCase):
    """Credentials travel to the channel's own hosts, unless a test account says so."""

    def test_another_address_needs_a_test_account(self):
        with self.assertRaises(ValidationError):
            self.amazon.api_url = "http://127.0.0.1:8099/amazon"
        self.amazon.write({"is_test": True, "api_url": "http://127.0.0.1:8099/amazon"})
        self.assertTrue(self.amazon.is_test_ribbon)

    def test_a_test_account_that_becomes_real_loses_its_address_first(self):
        self.amazon.write({"is_test": True, "api_url": "http://127.0.0.1:8099/amazon"})
        with self.assertRaises(ValidationError):
            self.amazon.is_test = False
        self.amazon.write({"is_test": False, "api_url": False})

    def test_look_alikes_of_the_channels_host_are_other_addresses(self):
        for address in (
            "https://sellingpartnerapi-na.amazon.com.example.com",
            "https://example.com/sellingpartnerapi-na.amazon.com",
            "https://sellingpartnerapi-na.amazon.com@example.com",
            "http://sellingpartnerapi-na.amazon.com",
        ):
            with self.subTest(address=address), self.assertRaises(ValidationError):
                self.amazon.api_url = address

    def test_what_is_no_address_is_refused_for_test_accounts_too(self):
        self.amazon.is_test = True
        for address in (
            "file:///etc/passwd",
            "ftp://example.com",
            "example",
            "http://",
        ):
            with self.subTest(address=address), self.assertRaises(ValidationError):
                self.amazon.api_url = address
