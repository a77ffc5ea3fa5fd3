import contextlib
import logging
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..channels.base import Adapter, AdapterConfig, Token
from ..channels.errors import ChannelBlockedError, ChannelError
from ..channels.ratelimit import RateLimiter

_logger = logging.getLogger(__name__)

MANAGER = "marketplace_sync.marketplace_sync_group_manager"
#: What a form shows in place of a secret that is set.
MASK = "••••••••"
#: Minutes between two runs of an account's scheduled action when nothing wakes it.
#: Shorter than any sync interval, because a failed run loses its wake-up call.
CRON_MINUTES = 5


def Secret(string, **kwargs):
    """A credential: written by managers, kept encrypted, never read back."""
    return fields.Char(
        string,
        compute="_compute_secrets",
        inverse="_inverse_secrets",
        copy=False,
        groups=MANAGER,
        **kwargs,
    )


class MarketplaceAccount(models.Model):
    """A seller account on one channel."""

    _name = "marketplace.account"
    _description = "Marketplace Account"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    channel = fields.Selection([], required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        check_company=True,
        help="Gets an activity when the account needs a person.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("connected", "Connected"),
            ("paused", "Paused"),
            ("blocked", "Blocked"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        help="Draft: the channel is read, nothing is sent. Connected: quantities are "
        "sent. Paused by a person. Blocked: the channel refuses us until a person "
        "acts; waiting quantities are kept.",
    )
    blocked_reason = fields.Char(readonly=True, copy=False)
    is_test = fields.Boolean(
        "Test Account",
        groups=MANAGER,
        help="May talk to another address than the channel's own, such as a simulator.",
    )
    api_url = fields.Char(
        "API Address",
        groups=MANAGER,
        copy=False,
        help="Empty: the channel's real address. Set: every call of this account goes "
        "there, tokens and uploads included. Only for test accounts.",
    )
    is_test_ribbon = fields.Boolean(compute="_compute_is_test_ribbon")
    sync_interval_minutes = fields.Integer(
        "Sync Interval (min)",
        default=15,
        required=True,
        help="How often the account is swept when nothing wakes it, and the interval "
        "that buffers assume. Changes of stock are sent at once.",
    )
    buffer_policy_id = fields.Many2one(
        "marketplace.buffer.policy",
        default=lambda self: self.env["marketplace.buffer.policy"]._get_default(),
        check_company=True,
        help="Empty: no buffer. The last units are shown on every channel at once.",
    )
    max_attempts = fields.Integer(
        default=8,
        help="A quantity that the channel could not take so many times is parked as "
        "failed and waits for a person.",
    )
    site_ids = fields.One2many("marketplace.site", "account_id", "Sites")
    listing_ids = fields.One2many("marketplace.listing", "account_id", "Listings")
    last_push_at = fields.Datetime("Last Push", readonly=True, copy=False)
    last_sweep_at = fields.Datetime("Last Sweep", readonly=True, copy=False)
    last_order_sync_at = fields.Datetime(readonly=True, copy=False)
    last_reconciliation_at = fields.Datetime(readonly=True, copy=False)
    connection_message = fields.Text(readonly=True, copy=False)
    connection_checked_at = fields.Datetime(readonly=True, copy=False)
    channel_data = fields.Json(
        copy=False, help="Facts about the account that the channel told."
    )
    cron_id = fields.Many2one(
        "ir.cron", "Scheduled Action", readonly=True, copy=False, ondelete="restrict"
    )
    retry_at = fields.Datetime(readonly=True, copy=False)
    failure_count = fields.Integer(readonly=True, copy=False)
    last_failure = fields.Char(readonly=True, copy=False)

    _check_interval = models.Constraint(
        "CHECK (sync_interval_minutes > 0)", "The sync interval is at least one minute."
    )
    _check_max_attempts = models.Constraint(
        "CHECK (max_attempts > 0)", "At least one attempt is needed."
    )

    # === COMPUTES ===

    @api.depends("is_test")
    def _compute_is_test_ribbon(self):
        for account in self:
            account.is_test_ribbon = account.sudo().is_test

    def _get_secret_fields(self):
        """Return the names of the fields that hold secrets; channels add theirs."""
        return []

    def _compute_secrets(self):
        names = self._get_secret_fields()
        for account in self:
            secrets = account._get_secrets() if isinstance(account.id, int) else {}
            for name in names:
                account[name] = MASK if secrets.get(name) else False

    def _inverse_secrets(self):
        Credential = self.env["marketplace.credential"].sudo()
        for account in self:
            values = {name: account[name] for name in self._get_secret_fields()}
            # The mask comes back from a form that left the field alone.
            values = {name: val for name, val in values.items() if val != MASK}
            # A token that was asked for with the old credentials is worthless.
            Credential._write_secrets(account.id, {**values, "token": None})
        self.invalidate_recordset(self._get_secret_fields(), flush=False)

    def _get_secrets(self):
        self.ensure_one()
        return self.env["marketplace.credential"].sudo()._read_secrets(self.id)

    # === CONSTRAINTS ===

    @api.constrains("api_url", "is_test")
    def _check_api_url(self):
        for account in self.sudo():
            if not account.api_url:
                continue
            url = urlsplit(account.api_url)
            if url.scheme not in ("http", "https") or not url.hostname:
                raise ValidationError(
                    self.env._("The API address must start with http:// or https://.")
                )
            if not account.is_test and not account._is_own_host(url):
                raise ValidationError(
                    self.env._(
                        "%(host)s is not an address of this channel. Only a test "
                        "account may talk to another one.",
                        host=url.hostname,
                    )
                )

    def _is_own_host(self, url):
        hosts = getattr(self._get_adapter_class(), "hosts", ())
        return url.scheme == "https" and url.hostname in hosts

    @api.constrains("company_id")
    def _check_company_of_sites(self):
        self.site_ids._check_company()

    # === CRUD ===

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        for account in accounts:
            account.sudo()._create_cron()
        return accounts

    def write(self, vals):
        result = super().write(vals)
        if {"buffer_policy_id", "sync_interval_minutes"} & vals.keys():
            self.listing_ids._mark_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_live(self):
        if any(account.state == "connected" for account in self):
            raise UserError(
                self.env._("Pause the account before you delete it: it is connected.")
            )

    def unlink(self):
        crons = self.sudo().cron_id
        result = super().unlink()
        crons.unlink()
        return result

    def _create_cron(self):
        """Give the account a scheduled action of its own, so that a slow channel
        delays no other and no two workers ever push for one account."""
        self.ensure_one()
        self.cron_id = self.env["ir.cron"].create(
            {
                "name": f"Marketplace: push {self.name} ({self.id})",
                "model_id": self.env["ir.model"]._get_id(self._name),
                "state": "code",
                "code": f"model.browse({self.id})._cron_push()",
                "user_id": self.env.ref("base.user_root").id,
                "interval_number": CRON_MINUTES,
                "interval_type": "minutes",
            }
        )

    def _wake(self):
        """Have the accounts' scheduled actions run as soon as this is committed."""
        for account in self.sudo():
            if account.cron_id:
                account.cron_id._trigger()

    # === ADAPTER ===

    def _get_adapter_class(self):
        """Return the adapter class of the account's channel. Channels extend this."""
        self.ensure_one()
        return Adapter

    def _get_adapter_credentials(self):
        """Return the account's credentials without the channel's prefix, secrets too."""
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

    # === STATE ===

    def _block(self, error):
        """Stop the account until a person acts; its rows keep waiting."""
        self.ensure_one()
        if self.state != "blocked":
            self.write({"state": "blocked", "blocked_reason": str(error)})
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.user_id.id or self.env.uid,
                summary=self.env._("%s is blocked by the channel", self.name),
                note=str(error),
            )

    def _unblock(self):
        self.ensure_one()
        self.write(
            {
                "state": "connected" if self.went_live_at else "draft",
                "blocked_reason": False,
                "retry_at": False,
                "failure_count": 0,
                "last_failure": False,
            }
        )
        self.activity_feedback(["mail.mail_activity_data_todo"])

    went_live_at = fields.Datetime(readonly=True, copy=False)

    # === ACTIONS ===

    def action_test_connection(self):
        """Try the credentials; say what is missing in words; note the sites found."""
        self.ensure_one()
        try:
            with self._adapter_session() as adapter:
                report = adapter.check_connection()
        except ChannelError as error:
            raise UserError(self._words_of(error)) from error
        self._note_connection(report)
        if self.state == "blocked" and not report.missing:
            self._unblock()
            self._wake()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Connected to %s", report.account_name),
                "message": self.connection_message,
                "type": "warning" if report.missing or report.warnings else "success",
                "sticky": bool(report.missing),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _words_of(self, error):
        if isinstance(error, ChannelBlockedError):
            return self.env._("%(name)s refuses us: %(error)s", name=self.name, error=error)
        return self.env._("%(name)s: %(error)s", name=self.name, error=error)

    def _note_connection(self, report):
        new_sites = self.sudo()._add_sites(report.sites)
        lines = [self.env._("Connected to %s.", report.account_name)]
        lines += [self.env._("Missing: %s", text) for text in report.missing]
        lines += [self.env._("Note: %s", text) for text in report.warnings]
        if new_sites:
            names = ", ".join(new_sites.mapped("name"))
            lines.append(
                self.env._("New sites, check their warehouses: %s", names),
            )
        self.write(
            {
                "connection_message": "\n".join(lines),
                "connection_checked_at": fields.Datetime.now(),
                "channel_data": {**(self.channel_data or {}), **report.data},
            }
        )

    def _add_sites(self, remote_sites):
        """Create the sites that the account does not have yet.

        Their warehouse is filled where there is only one to choose.
        """
        known = set(self.with_context(active_test=False).site_ids.mapped("code"))
        warehouses = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company_id.id)], limit=2
        )
        return self.env["marketplace.site"].create(
            [
                {
                    "account_id": self.id,
                    "code": site.code,
                    "name": site.name,
                    "warehouse_ids": warehouses.ids if len(warehouses) == 1 else [],
                }
                for site in remote_sites
                if site.code not in known and site.active
            ]
        )

    def action_go_live(self):
        """Start to send quantities: draft → connected."""
        for account in self.filtered(lambda a: a.state == "draft"):
            account.write({"state": "connected", "went_live_at": fields.Datetime.now()})
        self._wake()
        return True

    def action_pause(self):
        """Send nothing until a person resumes; what shows on the channel stays."""
        self.filtered(lambda a: a.state == "connected").write({"state": "paused"})

    def action_resume(self):
        for account in self.filtered(lambda a: a.state in ("paused", "blocked")):
            account._unblock()
        self._wake()

    def action_sync_now(self):
        """Compute every listing of these accounts again and send what differs."""
        self.listing_ids._refresh()
        self.write({"retry_at": False})
        self._wake()
        pending = sum(self.mapped("pending_count"))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("%s quantities wait to be sent.", pending)
                if pending
                else self.env._("Every quantity is up to date."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_match_products(self):
        """Read the channel's listings and propose which product each one is."""
        self.ensure_one()
        return self.env["marketplace.listing.match"]._open_for(self)

    def action_preview_push(self):
        """Show what the first push would change, before anything is sent."""
        self.ensure_one()
        return self.env["marketplace.account.preview"]._open_for(self)
