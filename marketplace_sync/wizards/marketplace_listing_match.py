"""Which product is each listing of the channel? Proposed here, decided by a person."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..channels.errors import ChannelError, TakesLong
from .matching import Judge

#: Seconds that a person waits for a channel that prepares its catalogue; and a
#: scheduled action, which must end before the server's time limit.
PERSON_WAITS, CRON_WAITS = 15, 45
#: What was read in the background is offered for so long, and waited for.
OFFERED = timedelta(hours=1)


class MarketplaceListingMatch(models.TransientModel):
    """One reading of a channel's listings, compared with Odoo's products."""

    _name = "marketplace.listing.match"
    _description = "Match Marketplace Listings"
    # Going through thousands of lines may take a day.
    _transient_max_hours = 24.0

    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", readonly=True
    )
    line_ids = fields.One2many("marketplace.listing.match.line", "match_id", "Lines")
    person_line_ids = fields.One2many(
        "marketplace.listing.match.line",
        "match_id",
        "Need a Person",
        domain=[("status", "=", "person")],
    )
    matched_line_ids = fields.One2many(
        "marketplace.listing.match.line",
        "match_id",
        "Matched",
        domain=[("status", "=", "matched")],
    )
    channel_line_ids = fields.One2many(
        "marketplace.listing.match.line",
        "match_id",
        "Fulfilled by the Channel",
        domain=[("status", "=", "channel")],
    )
    nothing_line_ids = fields.One2many(
        "marketplace.listing.match.line",
        "match_id",
        "Need Nothing",
        domain=[("status", "=", "nothing")],
    )
    state = fields.Selection(
        [
            ("reading", "Reading in the Background"),
            ("ready", "Ready"),
            ("done", "Done"),
        ],
        default="ready",
        required=True,
        readonly=True,
    )
    is_background = fields.Boolean(readonly=True)
    error = fields.Text(readonly=True)
    channel_memory = fields.Json(help="What to hand back to the channel's adapter.")
    total_count = fields.Integer(readonly=True)
    person_count = fields.Integer(readonly=True)
    matched_count = fields.Integer(readonly=True)
    channel_count = fields.Integer(readonly=True)
    nothing_count = fields.Integer(readonly=True)

    # === OPENING ===

    @api.model
    def _open_for(self, account):
        """Read the account's listings from the channel and show what they match."""
        if not account.site_ids:
            raise UserError(
                self.env._(
                    "%s has no site yet. Press “Test connection” first: it finds them.",
                    account.name,
                )
            )
        match = self._get_background_match(account) or self._read_now(account)
        return match._get_action()

    @api.model
    def _get_background_match(self, account):
        """Return what is being read, or was read, in the background for this person."""
        return self.search(
            [
                ("account_id", "=", account.id),
                ("create_uid", "=", self.env.uid),
                ("is_background", "=", True),
                ("state", "!=", "done"),
                ("create_date", ">", fields.Datetime.now() - OFFERED),
            ],
            order="id desc",
            limit=1,
        )

    @api.model
    def _read_now(self, account):
        match = self.create({"account_id": account.id})
        try:
            match._propose(match._fetch(PERSON_WAITS))
        except TakesLong as error:
            match._go_on_in_background(error)
        except ChannelError as error:
            raise UserError(account._words_of(error)) from error
        return match

    def _fetch(self, seconds):
        """Return the channel's listings.

        :raises TakesLong: when the channel needs more than ``seconds`` to prepare them
        """
        with self.account_id._adapter_session() as adapter:
            config = adapter.config
            adapter.config = replace(
                config,
                options={**config.options, "report_wait_seconds": seconds},
                data={**config.data, **(self.channel_memory or {})},
            )
            try:
                return list(adapter.fetch_listings())
            finally:
                self.account_id._save_rate_state(adapter)

    # === IN THE BACKGROUND ===

    def _go_on_in_background(self, error):
        """Let the scheduled action come back for what the channel prepares."""
        self.write(
            {
                "state": "reading",
                "is_background": True,
                "channel_memory": error.remember,
            }
        )
        moment = fields.Datetime.now() + timedelta(seconds=error.retry_after or 60)
        cron = self.env.ref("marketplace_sync.ir_cron_marketplace_match")
        cron.sudo()._trigger(at=moment)

    @api.model
    def _cron_read(self):
        """Read the catalogues that a person asked for and could not wait for."""
        for match in self.search([("state", "=", "reading")], order="id"):
            match._read_in_background()
            self.env["ir.cron"]._commit_progress(1)

    def _read_in_background(self):
        try:
            found = self._fetch(CRON_WAITS)
        except TakesLong as error:
            if self.create_date + OFFERED > fields.Datetime.now():
                self._go_on_in_background(error)
            else:
                self._end_reading(self.account_id._words_of(error))
        except ChannelError as error:
            self._end_reading(self.account_id._words_of(error))
        else:
            self._propose(found)
            self._end_reading()

    def _end_reading(self, error=False):
        self.write({"state": "ready", "error": error})
        message = self.env._(
            "The listings of %s are read. Press “Match products” again.",
            self.account_id.name,
        )
        self.create_uid._bus_send(
            "simple_notification",
            {
                "type": "warning" if error else "success",
                "sticky": True,
                "message": error or message,
            },
        )

    def action_read_again(self):
        """Forget this reading and read the channel anew."""
        self.state = "done"
        return self._open_for(self.account_id)

    def _get_action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Match Products: %s", self.account_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    # === MATCHING ===

    def _propose(self, found):
        """Make one line for each listing of the channel, in a few queries for all.

        :param found: :class:`..channels.base.ChannelListing` objects
        """
        sites = {site.code: site.id for site in self.account_id.site_ids}
        judge = Judge(self, found, sites)
        rows = []
        for listing in found:
            verdict = judge.verdict(listing)
            rows.append(self._get_line_values(listing, sites, verdict))
        self.env["marketplace.listing.match.line"].create(rows)
        counts = Counter(row["status"] for row in rows)
        self.write(
            {
                "total_count": len(rows),
                **{
                    f"{status}_count": counts[status]
                    for status in ("person", "matched", "channel", "nothing")
                },
            }
        )

    def _get_line_values(self, listing, sites, verdict):
        return {
            "match_id": self.id,
            "sku": listing.sku,
            "title": listing.title,
            "site_id": sites.get(listing.site_code),
            "external_ref": listing.external_ref,
            "pool_key": listing.pool_key,
            "channel_url": listing.url,
            "fulfilment": listing.fulfilment,
            "quantity": listing.quantity or 0,
            "is_quantity_known": listing.quantity is not None,
            "channel_data": dict(listing.data),
            "product_id": verdict.product_id,
            "listing_id": verdict.listing_id,
            "status": verdict.status,
            "reason": verdict.reason,
            "is_possible": verdict.is_possible,
            "is_selected": verdict.status == "matched",
        }

    # === ACTIONS ===

    def action_create_listings(self):
        """Create a listing for each ticked line."""
        self.ensure_one()
        action = self.line_ids.filtered("is_selected")._create_listings()
        self.state = "done"
        return action

    def action_open_lines(self):
        """Show all lines in a list that can be searched and grouped."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_listing_match_line_action"
            ),
            "domain": [("match_id", "=", self.id)],
        }
