"""What a person does with listings."""

from odoo import api, fields, models


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    def action_push(self):
        """Send these listings' numbers now, whatever was published before."""
        self._refresh()
        unread = self._read_again_if_never_verified()
        movable = (self - unread).filtered(
            lambda listing: (
                listing.sync_state in ("synced", "pending", "submitted", "failed")
                and not listing.block_code
                and listing.fulfilment == "merchant"
            )
        )
        movable._enqueue()
        return self._notify_enqueued(len(movable | unread))

    def action_retry(self):
        """Try failed listings again; those that were never verified are read first."""
        self._refresh()
        failed = self.filtered(
            lambda listing: listing.sync_state == "failed" and not listing.block_code
        )
        unread = failed._read_again_if_never_verified()
        (failed - unread)._enqueue()
        return self._notify_enqueued(len(failed))

    def _read_again_if_never_verified(self):
        """Read those again whose first read found a reason not to push; return them."""
        unread = self.filtered(
            lambda listing: (
                listing.sync_state == "failed"
                and not listing.block_code
                and not listing.published_at
            )
        )
        unread.write({"sync_state": "unverified", **self._no_failure()})
        unread.account_id._wake()
        return unread

    @api.model
    def _no_failure(self):
        return {"last_error": False, "attempt_count": 0, "next_attempt_at": False}

    def _enqueue(self):
        """Have these listings sent at once."""
        if self:
            self.write(
                {
                    "sync_state": "pending",
                    "is_uncertain": True,
                    "pending_since": fields.Datetime.now(),
                    **self._no_failure(),
                }
            )
            self.account_id._wake()

    def _notify_enqueued(self, count):
        waiting = self.account_id.filtered(lambda account: account.state != "connected")
        message = self._get_enqueued_words(count, waiting)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if waiting or not count else "info",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _get_enqueued_words(self, count, waiting):
        if not count:
            return self.env._("There is nothing to send.")
        if waiting:
            return self.env._(
                "%(names)s is not connected: nothing is sent before.",
                names=", ".join(waiting.mapped("name")),
            )
        if count == 1:
            return self.env._("The quantity will be sent within seconds.")
        return self.env._("%s quantities will be sent within seconds.", count)

    def action_pause(self):
        """Send nothing more for these listings; what the channel shows stays."""
        self.filtered(lambda listing: listing.fulfilment == "merchant").write(
            {"sync_state": "paused", **self._no_failure()}
        )

    def action_resume(self):
        """End a pause, or a stop of selling; the channel is read first."""
        self.filtered(lambda listing: listing.fulfilment == "merchant").write(
            {"sync_state": "unverified", "is_stopped": False, **self._no_failure()}
        )
        self.account_id._wake()

    def action_stop_selling(self):
        """Show 0 until a person resumes."""
        self.write({"is_stopped": True})

    def action_verify(self):
        """Read these listings from the channel again, as a new listing is."""
        self.filtered(lambda listing: listing.sync_state != "paused").write(
            {"sync_state": "unverified", **self._no_failure()}
        )
        self.account_id._wake()

    def action_open_channel_page(self):
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.channel_url, "target": "new"}
