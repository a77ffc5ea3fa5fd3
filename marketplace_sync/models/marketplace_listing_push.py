"""A listing on its way to the channel: what is sent, and what taking it means."""

import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..channels.base import ListingRef
from ..engine import state as engine_state
from .tools import int_array, update_many

#: Seconds after an acknowledgement when the channel is first asked whether it is so.
CONFIRM_SECONDS = 20


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    def _get_ref(self):
        """Return this listing as the adapter knows it."""
        self.ensure_one()
        return ListingRef(
            key=str(self.id),
            sku=self.sku,
            external_ref=self.external_ref or "",
            site_code=self.site_id.code,
            pool_key=self.pool_key or "",
            data=self.channel_data or {},
        )

    def _get_push_row(self, breakdown, warehouses, lead_time_days):
        return {
            "listing_id": self.id,
            "sku": self.sku,
            "site_id": self.site_id.id,
            "old_qty": self.published_qty,
            "qty": self.sellable_qty,
            "lead_time_days": lead_time_days or None,
            "correlation_id": self.correlation_id or None,
            "changed_at": self.pending_since or None,
            "breakdown": json.dumps(self._get_breakdown_values(breakdown, warehouses)),
        }

    def _set_uncertain(self):
        """A number was sent and no answer came: send again, whatever it is."""
        listings = self.filtered(lambda one: one.sync_state in engine_state.MOVABLE)
        listings.write({"is_uncertain": True, "sync_state": "pending"})
        # what has waited goes on waiting: else nobody would see for how long
        fresh = listings.filtered(lambda listing: not listing.pending_since)
        fresh.pending_since = fields.Datetime.now()

    @api.model
    def _settle_taken(self, push, results, sent):
        """The channel took these rows: every listing of their pools shows it now."""
        if not results:
            return
        self.flush_model()
        by_key = {int(result.key): result for result in results}
        rows = self._read_pool_members(list(by_key))
        now = fields.Datetime.now()
        updates = [
            self._taken_values(push, row, by_key[row[1]], sent[str(row[1])], now)
            for row in rows
            if row[3] in engine_state.MOVABLE
        ]
        update_many(
            self,
            updates,
            columns=(
                "published_qty",
                "published_at",
                "is_uncertain",
                "sync_state",
                "pending_since",
                "last_error",
                "next_attempt_at",
            ),
            # A 0 that overtakes an open submission does not end it.
            extra=SQL(
                """attempt_count = CASE WHEN v.confirmed THEN 0
                                        ELSE t.attempt_count END,
                   open_push_id = COALESCE(v.open_push_id, t.open_push_id),
                   channel_qty = COALESCE(v.channel_qty, t.channel_qty),
                   channel_qty_at = CASE WHEN v.channel_qty IS NULL
                                         THEN t.channel_qty_at
                                         ELSE v.published_at END"""
            ),
            extra_columns={
                "confirmed": "bool",
                "open_push_id": "int4",
                "channel_qty": "int4",
            },
        )

    @api.model
    def _read_pool_members(self, ids):
        """Return (member id, id, sellable, state, pending since) for these listings and
        those that share a counter with one of them."""
        return self.env.execute_query(
            SQL(
                """
                SELECT m.id, m.id, m.sellable_qty, m.sync_state, m.pending_since
                  FROM marketplace_listing m
                 WHERE m.id = ANY(%(ids)s)
                 UNION ALL
                SELECT m.id, r.id, m.sellable_qty, m.sync_state, m.pending_since
                  FROM marketplace_listing r
                  JOIN marketplace_listing m
                    ON m.account_id = r.account_id AND m.pool_key = r.pool_key
                 WHERE r.id = ANY(%(ids)s)
                   AND m.id != ALL(%(ids)s)
                   AND m.active
                   AND m.fulfilment = 'merchant'
                """,
                ids=int_array(ids),
            )
        )

    @api.model
    def _taken_values(self, push, row, result, sent, now):
        member_id, _representative, sellable, _state, pending_since = row
        state = engine_state.after_push(result.outcome, sent, sellable)
        confirm_at = now + timedelta(seconds=CONFIRM_SECONDS)
        return {
            "id": member_id,
            "published_qty": sent,
            "published_at": now,
            "is_uncertain": False,
            "sync_state": state,
            "pending_since": (pending_since or now) if state == "pending" else None,
            "last_error": None,
            "next_attempt_at": confirm_at if state == "submitted" else None,
            "open_push_id": push.id if result.submission else None,
            "confirmed": result.outcome == "accepted",
            "channel_qty": result.channel_qty,
        }
