"""Secrets of an account, encrypted at rest, readable by nobody through RPC."""

import json
import logging
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, config

_logger = logging.getLogger(__name__)

#: Environment variable and ``odoo.conf`` option that hold the key, or several
#: separated by commas: the first encrypts, all decrypt (rotation).
KEY_ENVIRONMENT = "MARKETPLACE_SYNC_KEY"
KEY_OPTION = "marketplace_sync_key"
KEY_FILE = "marketplace_sync.key"


def _configured_keys():
    keys = os.environ.get(KEY_ENVIRONMENT) or config.get(KEY_OPTION) or ""
    return [key.strip() for key in keys.split(",") if key.strip()]


def _key_file_keys():
    """Return the keys of the key file in the data directory; make it when absent.

    Written under another name and linked, so that two workers that start together
    agree on one key.
    """
    path = Path(config["data_dir"]) / KEY_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(handle, "w") as stream:
            stream.write(Fernet.generate_key().decode())
        try:
            os.link(draft, path)
        except FileExistsError:
            _logger.debug("Another worker made the key file first.")
        finally:
            os.unlink(draft)
    return [path.read_text().strip()]


class WrongKeyError(UserError):
    """Stored credentials cannot be read with the keys at hand."""


class MarketplaceCredential(models.Model):
    """One row an account. A table of its own, because a channel that rotates its
    refresh token (Mercado Libre) is served under a lock on this row, in a transaction
    of its own, while other rows of the account are being written."""

    _name = "marketplace.credential"
    _description = "Marketplace Credentials (encrypted)"
    _log_access = False

    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", index=True
    )
    payload = fields.Text(
        groups=fields.NO_ACCESS,
        help="Fernet token of a JSON object: field name → secret.",
    )

    _account_uniq = models.Constraint(
        "UNIQUE (account_id)", "An account has one set of credentials."
    )

    @api.model
    def _get_cipher(self):
        keys = _configured_keys() or _key_file_keys()
        try:
            return MultiFernet([Fernet(key.encode()) for key in keys])
        except ValueError as error:
            raise WrongKeyError(
                self.env._(
                    "The encryption key in %(environment)s or %(option)s is not a "
                    "Fernet key (32 url-safe base64-encoded bytes).",
                    environment=KEY_ENVIRONMENT,
                    option=KEY_OPTION,
                )
            ) from error

    @api.model
    def _encrypt(self, secrets):
        return self._get_cipher().encrypt(json.dumps(secrets).encode()).decode()

    @api.model
    def _decrypt(self, payload):
        if not payload:
            return {}
        try:
            return json.loads(self._get_cipher().decrypt(payload.encode()))
        except InvalidToken as error:
            raise WrongKeyError(
                self.env._(
                    "The credentials of this account were encrypted with another key. "
                    "Restore the key (%(option)s in odoo.conf, or the file "
                    "%(file)s in the data directory), or type the credentials again.",
                    option=KEY_OPTION,
                    file=KEY_FILE,
                )
            ) from error

    @api.model
    def _read_secrets(self, account_id, *, lock=False):
        """Return the secrets of an account as a dict; with ``lock`` until commit.

        Reads past the ORM's cache: with a lock, what another transaction has just
        committed is what counts.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT payload FROM marketplace_credential WHERE account_id = %s %s",
                account_id,
                SQL("FOR UPDATE") if lock else SQL(""),
            )
        )
        return self._decrypt(rows[0][0]) if rows else {}

    @api.model
    def _write_secrets(self, account_id, values):
        """Merge ``values`` into the secrets of an account; None or "" removes one."""
        try:
            secrets = self._read_secrets(account_id)
        except WrongKeyError:
            secrets = {}  # only a person who types them again comes here
        secrets.update(values)
        payload = self._encrypt({k: v for k, v in secrets.items() if v})
        self.env.cr.execute(
            SQL(
                """INSERT INTO marketplace_credential (account_id, payload)
                   VALUES (%s, %s)
                   ON CONFLICT (account_id) DO UPDATE SET payload = EXCLUDED.payload""",
                account_id,
                payload,
            )
        )
        self.invalidate_model()
