"""Reading what the channel holds: daily, in slices, beside everything else.

What goes wrong here is said at the account and stops neither pushes nor orders: an
application may lack the permission for this one call.
"""

import functools
import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..channels.errors import AuthenticationError, ChannelError, RetryableError

_logger = logging.getLogger(__name__)

#: Seconds of one run of the account's scheduled action that reading may take.
SLICE_SECONDS = 20.0
#: Seconds after a failure when it is tried again: of the channel, of ours.
RETRY_SECONDS, REFUSED_SECONDS = 900, 3600
#: Listings that a person reads at once with the button.
BUTTON_LIMIT = 50


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    channel_stock_hours = fields.Integer(
        "Read Stock at the Channel Every (h)",
        default=24,
        required=True,
        help="How often FBA or Full is asked what it holds. Choose less when another "
        "shop sells from there.",
    )
    channel_location_id = fields.Many2one(
        "stock.location",
        "Channel's Location",
        check_company=True,
        domain="[('usage', 'in', ('internal', 'transit'))]",
        ondelete="restrict",
        help="Where Odoo keeps the good units that the channel holds. Differences that "
        "the channel's own numbers show are proposed there as reviews; the location is "
        "never for sale from our own warehouses.",
    )
    has_channel_stock = fields.Boolean(compute="_compute_has_channel_stock")
    channel_stock_failure = fields.Char(readonly=True, copy=False)
    channel_stock_retry_at = fields.Datetime(readonly=True, copy=False)
    last_channel_stock_at = fields.Datetime(
        "Stock at the Channel Read", readonly=True, copy=False
    )

    _check_channel_stock_hours = models.Constraint(
        "CHECK (channel_stock_hours > 0)", "At least one hour lies between two reads."
    )

    @api.depends("channel")
    def _compute_has_channel_stock(self):
        for account in self:
            account.has_channel_stock = account._tells_channel_stock()

    def _tells_channel_stock(self):
        """Tell whether the channel can say what it holds."""
        self.ensure_one()
        if not self.channel:
            return False
        return self._get_adapter_class().supports("fetch_channel_stock")

    @api.depends("site_ids.fulfilled_from_site_id")
    def _compute_site_without_warehouse_names(self):
        """A site that another channel ships for needs no warehouse of ours."""
        result = super()._compute_site_without_warehouse_names()
        for account in self.filtered("site_without_warehouse_names"):
            sites = account.sudo().site_ids.filtered(
                lambda s: not (s.warehouse_ids or s.fulfilled_from_site_id)
            )
            account.site_without_warehouse_names = ", ".join(sites.mapped("name"))
        return result

    # === CRON ===

    def _run_steps(self, adapter):
        result = super()._run_steps(adapter)
        self._read_channel_stock(adapter)
        return result

    def _read_channel_stock(self, adapter):
        """Read the listings whose count is due, the longest unread first.

        Resumable: every batch is stored for itself, and what was read is not due.
        """
        now = fields.Datetime.now()
        waits = self.channel_stock_retry_at and self.channel_stock_retry_at > now
        if waits or not adapter.supports("fetch_channel_stock"):
            return
        stop = time.monotonic() + SLICE_SECONDS
        try:
            while listings := self._select_channel_stock_due(adapter):
                self._read_channel_stock_batch(adapter, listings)
                if time.monotonic() > stop:
                    self._in_transaction(self._wake)
                    return
        except AuthenticationError:
            raise
        except ChannelError as error:
            self._rollback()
            self._in_transaction(
                functools.partial(self._note_channel_stock_failure, error)
            )

    def _select_channel_stock_due(self, adapter):
        before = fields.Datetime.now() - timedelta(hours=self.channel_stock_hours)
        return self.env["marketplace.listing"].search(
            [
                ("account_id", "=", self.id),
                ("fulfilment", "=", "channel"),
                "|",
                ("channel_stock_read_at", "=", False),
                ("channel_stock_read_at", "<=", before),
            ],
            order="channel_stock_read_at ASC NULLS FIRST, id",
            limit=adapter.channel_stock_rows,
        )

    def _read_channel_stock_batch(self, adapter, listings):
        """Ask first who ships these listings, then what the channel holds of them."""
        readings = self._read_from_channel(adapter, listings)
        self._in_transaction(functools.partial(listings._store_readings, readings))
        self._in_transaction(
            functools.partial(
                self._store_channel_stock,
                adapter,
                listings,
                self._fetch_channel_stock(adapter, listings),
            )
        )

    def _fetch_channel_stock(self, adapter, listings):
        """Return listing id → what the channel holds, of those that it still ships."""
        held = listings.filtered(lambda listing: listing.fulfilment == "channel")
        refs = [listing._get_ref() for listing in held]
        told = adapter.fetch_channel_stock(refs) if refs else ()
        return {int(stock.key): stock for stock in told}

    def _store_channel_stock(self, adapter, listings, stocks):
        listings._store_channel_stock(stocks)
        values = {"last_channel_stock_at": fields.Datetime.now()}
        if self.channel_stock_failure or self.channel_stock_retry_at:
            values.update(channel_stock_failure=False, channel_stock_retry_at=False)
        self.write(values)
        self._save_rate_state(adapter)

    def _note_channel_stock_failure(self, error):
        again = RETRY_SECONDS if isinstance(error, RetryableError) else REFUSED_SECONDS
        wait = max(again, getattr(error, "retry_after", None) or 0.0)
        moment = fields.Datetime.now() + timedelta(seconds=wait)
        self.write(
            {"channel_stock_failure": str(error), "channel_stock_retry_at": moment}
        )
        self._wake_at(moment)
        _logger.info(
            "Account %s: stock at the channel was not read: %s", self.id, error
        )

    # === ACTIONS ===

    def action_read_channel_stock(self):
        """Have everything that the channel holds counted anew, in the background."""
        self.check_access("read")
        listings = self.env["marketplace.listing"].search(
            [("account_id", "in", self.ids), ("fulfilment", "=", "channel")]
        )
        listings.write({"channel_stock_read_at": False})
        self.sudo().write({"channel_stock_retry_at": False})
        self._wake()
        message = self.env._("%s listings will be read.", len(listings))
        if not listings:
            message = self.env._("The channel ships no listing of this account.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "info", "message": message},
        }

    def action_open_channel_stock(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_channel_stock_action"
            ),
            "domain": [("account_id", "=", self.id)],
        }

    # === THE CHANNEL'S LOCATION ===

    def write(self, vals):
        result = super().write(vals)
        if vals.get("channel_location_id"):
            self.channel_location_id._marketplace_exclude()
        return result

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        accounts.channel_location_id._marketplace_exclude()
        return accounts


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    def action_read_channel_stock(self):
        """Count these listings' stock at the channel now."""
        held = self.filtered(lambda listing: listing.fulfilment == "channel")
        if not held:
            raise UserError(self.env._("The channel ships none of these listings."))
        if len(held) > BUTTON_LIMIT:
            held.write({"channel_stock_read_at": False})
            held.account_id._wake()
            return True
        for account, listings in held.grouped("account_id").items():
            listings._read_channel_stock_now(account)
        return True

    def _read_channel_stock_now(self, account):
        try:
            with account._adapter_session() as adapter:
                self._store_readings(account._read_from_channel(adapter, self))
                stocks = account._fetch_channel_stock(adapter, self)
        except ChannelError as error:
            raise UserError(account._words_of(error)) from error
        self._store_channel_stock(stocks)
