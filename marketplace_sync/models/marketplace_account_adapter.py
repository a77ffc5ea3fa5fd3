"""From an account to its adapter: credentials, tokens, limits."""

import contextlib

from odoo import models

from ..channels.base import Adapter, AdapterConfig, Token
from ..channels.ratelimit import RateLimiter


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    def _get_adapter_class(self):
        """Return the adapter class of the account's channel. Channels extend this."""
        self.ensure_one()
        return Adapter

    def _get_adapter_credentials(self):
        """Return the credentials without the channel's prefix, secrets too."""
        self.ensure_one()
        prefix = f"{self.channel}_"
        names = [name for name in self._fields if name.startswith(prefix)]
        secrets = self._get_secrets()
        return {
            name.removeprefix(prefix): (
                secrets.get(name)
                if name in self._get_secret_fields()
                else self.sudo()[name]
            )
            or ""
            for name in names
        }

    def _get_adapter_options(self):
        """Return the settings that the adapter knows, by name. Channels extend this."""
        return {}

    def _get_adapter_config(self):
        self.ensure_one()
        return AdapterConfig(
            credentials=self._get_adapter_credentials(),
            api_url=(self.sudo().api_url or "").rstrip("/"),
            sites=tuple(self.sudo().site_ids.mapped("code")),
            options=self._get_adapter_options(),
            data=self.channel_data or {},
        )

    @contextlib.contextmanager
    def _adapter_session(self):
        """Give an adapter for one job; its sockets are closed at the end."""
        self.ensure_one()
        adapter_class = self._get_adapter_class()
        limiter = RateLimiter(
            adapter_class.limits,
            state=self.env["marketplace.rate.limit"]._load(self.id),
        )
        tokens = None
        if adapter_class.supports("request_token"):
            tokens = self._make_token_provider(lambda: adapter)
        adapter = adapter_class(self._get_adapter_config(), tokens, limiter)
        try:
            yield adapter
        finally:
            adapter.close()

    def _make_token_provider(self, get_adapter):
        """Return a token provider whose tokens survive this job and this worker.

        :param get_adapter: gives the adapter that will use it, once that exists
        """
        memory = {}

        def provide(refused):
            token = memory.get("token")
            if token is None or token.access_token == refused:
                token = self._token_in_own_transaction(get_adapter(), refused)
                memory["token"] = token
            return token

        return provide

    def _token_in_own_transaction(self, adapter, refused):
        with self.env.registry.cursor() as cr:
            account = self.with_env(self.env(cr=cr))
            if account.exists():
                return account._current_token(adapter, refused)
        # An account that only this transaction knows: a script that has not committed.
        return self._current_token(adapter, refused)

    def _current_token(self, adapter, refused):
        """Return a token to use now; ask the channel only when none is good.

        Runs in a transaction of its own that holds the lock on the account's
        credentials: two workers never spend one single-use refresh token, and what
        the channel gave is committed before anything is done with it.
        """
        Credential = self.env["marketplace.credential"].sudo()
        secrets = Credential._read_secrets(self.id, lock=True)
        known = secrets.get("token") or {}
        fresh = (known.get("expires_at") or float("inf")) - 60 > adapter.clock()
        if known.get("access_token") not in (None, refused) and fresh:
            return Token(known["access_token"], known.get("expires_at"))
        prefix = f"{self.channel}_"
        for name, value in secrets.items():  # another worker may have rotated one
            if name.startswith(prefix):
                adapter.renew_credential(name.removeprefix(prefix), value)
        token = adapter.request_token()
        values = {
            "token": {
                "access_token": token.access_token,
                "expires_at": token.expires_at,
            }
        }
        if token.refresh_token:
            values[f"{prefix}refresh_token"] = token.refresh_token
        Credential._write_secrets(self.id, values)
        return token
