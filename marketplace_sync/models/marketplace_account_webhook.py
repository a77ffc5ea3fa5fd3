"""The account's address for notifications: which it is, and whether a call to it is
the channel's."""

import ipaddress
import re
import secrets
from urllib.parse import urlsplit

from odoo import api, fields, http, models
from odoo.exceptions import ValidationError
from odoo.tools import config

from ..channels.errors import UnsupportedError
from .marketplace_account import MANAGER
from .marketplace_credential import WrongKeyError
from .marketplace_event import FORGED, RECEIVED, TOO_LARGE, UNKNOWN, UNREADABLE

#: 256 bits, 43 characters. 22 are 128 bits, the least that is taken.
PATH_BYTES = 32
PATH = re.compile(r"[A-Za-z0-9_-]{22,86}")
MODULE = "marketplace_sync"
#: How a channel's notifications come to us.
MODES = [
    ("register", "Registered by Odoo"),
    ("paste", "Entered at the channel"),
    ("queue", "Queue"),
    ("none", "None"),
]
WITH_ADDRESS = ("register", "paste")


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    notification_mode = fields.Selection(MODES, compute="_compute_notification_mode")
    webhook_path = fields.Char(
        "Secret Path",
        copy=False,
        readonly=True,
        groups=MANAGER,
        help="The secret end of the address to which the channel sends notifications.",
    )
    webhook_address = fields.Char(
        "Address",
        compute="_compute_webhook_address",
        groups=MANAGER,
        help="Secret: whoever knows it may send us notifications.",
    )
    webhook_hint = fields.Char(compute="_compute_webhook_address", groups=MANAGER)

    _webhook_path_uniq = models.UniqueIndex(
        "(webhook_path) WHERE webhook_path IS NOT NULL",
        "Two accounts cannot have one address.",
    )

    # === WHAT CHANNELS EXTEND ===

    def _get_notification_mode(self):
        """Return one of ``MODES``. Channels extend this."""
        self.ensure_one()
        return "none"

    def _get_webhook_secrets(self):
        """Return what ``verify_webhook`` is given as secrets. Channels extend this."""
        self.ensure_one()
        return []

    def _get_webhook_ref(self):
        """Return what the channel calls the account. Channels extend this."""
        self.ensure_one()
        return ""

    def _get_kept_headers(self, headers):
        """Return the headers that are stored with a notification: those that help a
        person, never a signature. Channels extend this."""
        kept = ("content-type", "user-agent")
        return {name: headers[name][:500] for name in kept if headers.get(name)}

    # === THE ADDRESS ===

    @api.depends("channel")
    def _compute_notification_mode(self):
        for account in self:
            account.notification_mode = account._get_notification_mode()

    @api.depends("webhook_path", "channel")
    def _compute_webhook_address(self):
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
        database = self._get_database_part(base)
        for account in self:
            path = account.notification_mode in WITH_ADDRESS and account.webhook_path
            parts = (base.rstrip("/"), MODULE, account.channel, path, database)
            account.webhook_address = "/".join(filter(None, parts)) if path else False
            account.webhook_hint = path and account._get_address_hint(base, database)

    def _get_database_part(self, base):
        """Return this database's name where an address alone does not tell which
        database is meant, else ""."""
        served = http.db_list(force=True, host=urlsplit(base).netloc)
        return "" if served == [self.env.cr.dbname] else self.env.cr.dbname

    def _get_address_hint(self, base, database):
        """Return why notifications would not arrive, False when nothing is known."""
        if database and MODULE not in config["server_wide_modules"]:
            return self.env._(
                "This server has several databases. Start Odoo with "
                "--load=base,rpc,web,marketplace_sync, or with a database filter that "
                "leaves one database for this address: else notifications do not find "
                "this one."
            )
        if self.sudo().is_test:
            return False
        url = urlsplit(base)
        if url.scheme != "https" or _is_private(url.hostname or ""):
            return self.env._(
                "Channels call public https addresses only, and %s is none. Set the "
                "system parameter web.base.url to the address under which Odoo is "
                "reached from outside.",
                base,
            )
        return False

    @api.constrains("webhook_path")
    def _check_webhook_path(self):
        for account in self.sudo():
            if account.webhook_path and not PATH.fullmatch(account.webhook_path):
                raise ValidationError(
                    self.env._("The secret path is made by Odoo: renew it instead.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        accounts.filtered(lambda a: not a.sudo().webhook_path)._renew_webhook_path()
        return accounts

    def _renew_webhook_path(self):
        for account in self.sudo():
            account.webhook_path = secrets.token_urlsafe(PATH_BYTES)

    # === IS IT THE CHANNEL'S? ===

    @api.model
    def _find_by_webhook(self, channel, path):
        """Return the account of an address, empty for an unknown one.

        Accounts that are archived have no address any more. Paused, blocked and draft
        ones keep theirs: what comes meanwhile waits.
        """
        if not PATH.fullmatch(path or ""):
            return self.browse()
        found = self.search([("webhook_path", "=", path), ("channel", "=", channel)])
        return found.filtered(lambda a: a.notification_mode in WITH_ADDRESS)[:1]

    def _check_webhook(self, channel, headers, body):
        """Return the HTTP status for a notification to this account (may be empty).

        Without an account the same is done with a secret that nobody knows, so that
        the time of the answer tells nothing.
        """
        if body is None:
            return TOO_LARGE if self else UNKNOWN
        try:
            found, shown = self._get_webhook_check()
        except WrongKeyError:
            return UNREADABLE
        asked = self or self.new({"channel": self._known_channel(channel)})
        try:
            adapter_class = asked._get_adapter_class()
            is_ours = adapter_class.verify_webhook(headers, body, found, shown)
        except UnsupportedError:
            is_ours = False
        if not self:
            return UNKNOWN
        return RECEIVED if is_ours else FORGED

    def _get_webhook_check(self):
        """Return the secrets and the name with which a notification is compared."""
        if self:
            return self._get_webhook_secrets(), self._get_webhook_ref()
        Credential = self.env["marketplace.credential"].sudo()
        nobody = Credential._decrypt(Credential._encrypt({"s": secrets.token_hex()}))
        return list(nobody.values()), "nobody"

    @api.model
    def _known_channel(self, channel):
        """Return ``channel`` if there is such a one, else False."""
        return channel in dict(self._fields["channel"].selection) and channel


def _is_private(host):
    if "." not in host:
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".local", ".localhost", ".internal", ".lan"))
