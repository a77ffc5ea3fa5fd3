from unittest.mock import patch

from odoo.tests import tagged

from .memory_channel import MemoryAdapter
from .push_case import PushCase


@tagged("post_install", "-at_install")
class TestTokens(PushCase):
    """A refreshed token is stored before it is used, in a transaction of its own."""

    def setUp(self):
        super().setUp()
        patcher = patch.object(
            self.adapter_class, "request_token", MemoryAdapter.request_token
        )
        patcher.start()
        self.addCleanup(patcher.stop)
        # The memory channel stands in for one that rotates its refresh token.
        self.account.channel = "mercadolibre"
        self.account.mercadolibre_refresh_token = "refresh-0"

    def _secrets(self):
        return self.account._get_secrets()

    def _ask(self, refused=None):
        with self.crons() as env:
            account = self.account.with_env(env)
            with account._adapter_session() as adapter:
                return adapter._tokens(refused)

    def test_a_rotated_refresh_token_replaces_the_old_one(self):
        token = self._ask()
        self.assertEqual(token.access_token, "access-1")
        self.assertEqual(self._secrets()["mercadolibre_refresh_token"], "refresh-1")

    def test_a_good_token_is_used_by_the_next_job(self):
        self._ask()
        self._ask()
        self.assertEqual(self.shelf.tokens, ["refresh-0"])

    def test_a_refused_token_is_replaced_with_the_newest_refresh_token(self):
        self._ask()
        token = self._ask(refused="access-1")
        self.assertEqual(token.access_token, "access-2")
        self.assertEqual(self.shelf.tokens, ["refresh-0", "refresh-1"])

    def test_a_token_that_another_worker_has_renewed_is_not_renewed_again(self):
        self._ask()
        self._ask(refused="access-1")
        token = self._ask(refused="access-1")
        self.assertEqual(token.access_token, "access-2")
        self.assertEqual(len(self.shelf.tokens), 2)

    def test_new_credentials_make_the_old_token_worthless(self):
        self._ask()
        self.account.mercadolibre_refresh_token = "refresh-new"
        self._ask()
        self.assertEqual(self.shelf.tokens[-1], "refresh-new")
