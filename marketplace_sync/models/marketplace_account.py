from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .marketplace_credential import WrongKeyError

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
        ondelete="restrict",
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
    went_live_at = fields.Datetime(readonly=True, copy=False)
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
            try:
                secrets = account._get_secrets() if isinstance(account.id, int) else {}
            except WrongKeyError:
                secrets = {}  # the form opens, so that they can be typed again
            for name in names:
                account[name] = MASK if secrets.get(name) else False

    def _inverse_secrets(self):
        """Nothing: ``create`` and ``write`` have taken the secrets out already, because
        an inverse cannot tell which of its fields were given."""

    def _take_secrets(self, vals):
        """Return ``vals`` without secrets, and the secrets that are to be stored."""
        names = set(self._get_secret_fields()) & vals.keys()
        rest = {name: value for name, value in vals.items() if name not in names}
        # The mask comes back from a form that left the field alone.
        return rest, {name: vals[name] for name in names if vals[name] != MASK}

    def _store_secrets(self, secrets):
        if not secrets:
            return
        self.check_access("write")
        for account in self:
            # A token that was asked for with the old credentials is worthless.
            self.env["marketplace.credential"].sudo()._write_secrets(
                account.id, {**secrets, "token": None}
            )
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
        taken = [self._take_secrets(vals) for vals in vals_list]
        accounts = super().create([rest for rest, _secrets in taken])
        for account, (_rest, secrets) in zip(accounts, taken, strict=True):
            account._store_secrets(secrets)
            account.sudo()._create_cron()
        return accounts

    def write(self, vals):
        vals, secrets = self._take_secrets(vals)
        if secrets:
            # As the fields' own groups would have it.
            for name in secrets:
                self._check_field_access(self._fields[name], "write")
            self._store_secrets(secrets)
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
        name = f"Marketplace: push {self.name} ({self.id})"
        self.cron_id = self._make_cron(name, "_cron_push")

    def _make_cron(self, name, method):
        return self.env["ir.cron"].create(
            {
                "name": name,
                "model_id": self.env["ir.model"]._get_id(self._name),
                "state": "code",
                "code": f"model.browse({self.id}).{method}()",
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
