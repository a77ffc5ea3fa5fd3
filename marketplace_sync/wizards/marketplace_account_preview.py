"""What the first push would change on the channel, before anything is sent."""

import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import split_every

from ..channels.errors import ChannelError
from ..models.marketplace_account_read import READ_BATCH

#: Seconds that a person waits for the channel to be read; the rest is read by the
#: account's scheduled action, and nothing is sent for a listing before.
PATIENCE = 40.0
#: Order of the kinds of change: what hurts most comes first.
RANKS = {"zero": 0, "fall": 1, "unknown": 2, "rise": 3, "stay": 4, "not_sent": 5}


class MarketplaceAccountPreview(models.TransientModel):
    """Old number → new number, for every listing of an account."""

    _name = "marketplace.account.preview"
    _description = "Preview of the First Push"

    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", readonly=True
    )
    account_state = fields.Selection(related="account_id.state")
    line_ids = fields.One2many(
        "marketplace.account.preview.line", "preview_id", "Lines", readonly=True
    )
    change_line_ids = fields.One2many(
        "marketplace.account.preview.line",
        "preview_id",
        "Changes",
        domain=[("kind", "in", ("zero", "fall", "unknown", "rise"))],
        readonly=True,
    )
    not_sent_line_ids = fields.One2many(
        "marketplace.account.preview.line",
        "preview_id",
        "Not Sent",
        domain=[("kind", "=", "not_sent")],
        readonly=True,
    )
    stay_line_ids = fields.One2many(
        "marketplace.account.preview.line",
        "preview_id",
        "Stay",
        domain=[("kind", "=", "stay")],
        readonly=True,
    )
    zero_count = fields.Integer(readonly=True)
    fall_count = fields.Integer(readonly=True)
    unknown_count = fields.Integer(readonly=True)
    rise_count = fields.Integer(readonly=True)
    stay_count = fields.Integer(readonly=True)
    not_sent_count = fields.Integer(readonly=True)
    unread_count = fields.Integer(readonly=True)
    is_alarming = fields.Boolean(
        compute="_compute_is_alarming",
        help="So many listings would drop to 0 that a wrong setting is likelier than "
        "empty shelves.",
    )

    @api.depends("zero_count", "fall_count", "rise_count", "stay_count")
    def _compute_is_alarming(self):
        for preview in self:
            others = preview.fall_count + preview.rise_count + preview.stay_count
            preview.is_alarming = preview.zero_count > 1 and (
                preview.zero_count >= others
            )

    # === OPENING ===

    @api.model
    def _open_for(self, account):
        """Read what was never read, compute, and show what would change."""
        if not account.listing_ids:
            raise UserError(
                self.env._(
                    "%s has no listing yet. Press “Match products” first.",
                    account.name,
                )
            )
        self._read_unverified(account)
        account.listing_ids._refresh()
        preview = self.create({"account_id": account.id})
        preview._add_lines(account.listing_ids)
        return preview._get_action()

    @api.model
    def _read_unverified(self, account):
        """Read new listings as the scheduled action does, in this transaction."""
        unread = account.listing_ids.filtered(
            lambda listing: (
                listing.sync_state == "unverified"
                and not listing.block_code
                and not listing.open_push_id
            )
        )
        if not unread:
            return
        deadline = time.monotonic() + PATIENCE
        try:
            with account._adapter_session() as adapter:
                for ids in split_every(READ_BATCH, unread.ids, list):
                    if time.monotonic() > deadline:
                        break
                    batch = unread.browse(ids)
                    readings = account._read_from_channel(adapter, batch)
                    batch._store_readings(readings, verify=True)
                account._save_rate_state(adapter)
        except ChannelError as error:
            raise UserError(account._words_of(error)) from error

    def _get_action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("First Push: %s", self.account_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    # === LINES ===

    def _add_lines(self, listings):
        rows = [self._get_line_values(listing) for listing in listings]
        self.env["marketplace.account.preview.line"].create(rows)
        values = {
            f"{kind}_count": sum(row["kind"] == kind for row in rows) for kind in RANKS
        }
        values["unread_count"] = sum(
            listing.sync_state == "unverified" for listing in listings
        )
        self.write(values)

    def _get_line_values(self, listing):
        kind, reason = self._get_kind(listing)
        is_known = kind not in ("not_sent", "unknown") or bool(listing.channel_qty_at)
        return {
            "preview_id": self.id,
            "listing_id": listing.id,
            "kind": kind,
            "rank": RANKS[kind],
            "reason": reason,
            "old_qty": self._get_shown(listing),
            "is_old_known": is_known and not listing.is_uncertain,
            "new_qty": listing.sellable_qty,
            "difference": listing.sellable_qty - self._get_shown(listing),
        }

    @api.model
    def _get_shown(self, listing):
        """Return what the channel shows: what was published, else what was read."""
        return listing.published_qty if listing.published_at else listing.channel_qty

    @api.model
    def _get_kind(self, listing):
        """Return (kind of change, why it is not sent)."""
        reason = self._get_obstacle(listing)
        if reason:
            return "not_sent", reason
        if listing.is_uncertain:
            return "unknown", ""
        old, new = listing.published_qty, listing.sellable_qty
        if old == new:
            return "stay", ""
        if new == 0:
            return "zero", ""
        return ("fall" if new < old else "rise"), ""

    @api.model
    def _get_obstacle(self, listing):
        """Say why nothing is sent for a listing, "" when something is."""
        if listing.fulfilment == "channel":
            return self.env._("The channel ships it: its quantity is never sent.")
        if listing.sync_state == "unverified":
            return self.env._("Not read from the channel yet; nothing is sent before.")
        if listing.sync_state == "failed":
            return listing.last_error or self.env._("Failed.")
        if listing.sync_state == "paused":
            return listing.warning or self.env._("Paused by a person.")
        return ""

    # === ACTIONS ===

    def action_go_live(self):
        """Start to send: the person has seen what changes."""
        self.ensure_one()
        self.account_id.action_go_live()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%s is live. The first quantities are sent now.",
                    self.account_id.name,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }


class MarketplaceAccountPreviewLine(models.TransientModel):
    _name = "marketplace.account.preview.line"
    _description = "Preview of a Listing's First Push"
    _order = "rank, difference, id"

    preview_id = fields.Many2one(
        "marketplace.account.preview", required=True, ondelete="cascade", index=True
    )
    listing_id = fields.Many2one(
        "marketplace.listing", required=True, ondelete="cascade"
    )
    sku = fields.Char(related="listing_id.sku")
    product_id = fields.Many2one(related="listing_id.product_id")
    site_name = fields.Char("Site", related="listing_id.site_id.name")
    qty_source = fields.Selection(related="listing_id.qty_source")
    kind = fields.Selection(
        [
            ("zero", "Drops to 0"),
            ("fall", "Falls"),
            ("unknown", "Is Set"),
            ("rise", "Rises"),
            ("stay", "Stays"),
            ("not_sent", "Not Sent"),
        ],
        "Change",
        required=True,
    )
    rank = fields.Integer(required=True)
    reason = fields.Text("Why")
    old_qty = fields.Integer("Shows Now")
    is_old_known = fields.Boolean()
    new_qty = fields.Integer("Will Show")
    difference = fields.Integer()
    explanation = fields.Html(related="listing_id.explanation")
    pool_note = fields.Char(related="listing_id.pool_note")
