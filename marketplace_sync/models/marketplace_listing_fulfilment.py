"""Who ships a listing: changed by a person with open eyes, or found changed on the
channel, and then nothing is sent before a person has looked."""

from odoo import api, models
from odoo.exceptions import UserError

#: Only code of this addon has it: no client can send it in a context.
CONFIRMED = object()
CONTEXT_KEY = "marketplace_sync_fulfilment"
#: Readings that found no listing at all say nothing about who ships it.
NOT_FOUND = frozenset(("unknown_sku", "duplicate_sku"))


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    # === BY A PERSON ===

    def write(self, vals):
        new = vals.get("fulfilment")
        if new and self.env.context.get(CONTEXT_KEY) is not CONFIRMED:
            turned = self.filtered(lambda listing: listing.fulfilment != new)
            turned._refuse_turning(new)
        return super().write(vals)

    def _refuse_turning(self, new):
        if not self:
            return
        words = self.env["marketplace.listing.fulfilment"]._get_warning(new)
        raise UserError(
            self.env._(
                "Who ships %(skus)s is not changed in passing. %(words)s Open the "
                "listing and press “Change who ships…”.",
                skus=", ".join(self[:5].mapped("sku")),
                words=words,
            )
        )

    def action_change_fulfilment(self):
        """Open the explained confirmation."""
        ours = self[:1].fulfilment == "merchant"
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change Who Ships"),
            "res_model": "marketplace.listing.fulfilment",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_listing_ids": self.ids,
                "default_fulfilment": "channel" if ours else "merchant",
            },
        }

    def _turn_fulfilment(self, new):
        """Do what a person has confirmed: nothing is sent before the channel was read,
        and its word counts."""
        state = "paused" if new == "channel" else "unverified"
        for listing in self.filtered(lambda one: one.fulfilment != new):
            old_label, new_label = listing._get_side(), listing._get_side(new)
            listing.with_context(**{CONTEXT_KEY: CONFIRMED}).write(
                {
                    "fulfilment": new,
                    "sync_state": state,
                    "warning": False,
                    "channel_stock_read_at": False,
                    **self._no_failure(),
                }
            )
            listing.message_post(
                body=self.env._(
                    "Who ships was changed by a person: %(old)s → %(new)s. The channel "
                    "is asked before anything is sent.",
                    old=old_label,
                    new=new_label,
                )
            )
        self.account_id._wake()

    def _get_side(self, side=None):
        labels = dict(self._fields["fulfilment"]._description_selection(self.env))
        return labels[side or self.fulfilment]

    # === FOUND ON THE CHANNEL ===

    def _store_readings(self, readings, verify=False):
        """Notice listings that have changed sides since they were last read."""
        before = {listing.id: listing.fulfilment for listing in self}
        known = self.filtered("channel_qty_at")
        result = super()._store_readings(readings, verify)
        turned = known.filtered(lambda one: one.fulfilment != before[one.id])
        for account, listings in turned.grouped("account_id").items():
            listings._tell_turned(account)
        return result

    @api.model
    def _reading_values(self, listing, reading, verify, now):
        values = super()._reading_values(listing, reading, verify, now)
        if NOT_FOUND & {problem.code for problem in reading.problems}:
            values["fulfilment"] = listing.fulfilment
            if listing.fulfilment == "channel":
                values["sync_state"] = "paused"
        elif listing.fulfilment == "channel" and reading.fulfilment == "merchant":
            values.update(
                sync_state="paused", warning=self._get_turned_words("merchant")
            )
        return values

    @api.model
    def _get_turned_words(self, side):
        if side == "merchant":
            return self.env._(
                "On the channel this listing is now shipped by us. Nothing is sent "
                "until a person has looked and presses Resume."
            )
        return self.env._(
            "On the channel this listing is now shipped by the channel. Its quantity "
            "is the channel's from now on; nothing is sent."
        )

    def _tell_turned(self, account):
        """Log it at each listing, and have one person look at all of them."""
        for listing in self:
            listing.message_post(body=self._get_turned_words(listing.fulfilment))
        names = ", ".join(f"{one.sku} ({one._get_side()})" for one in self[:20])
        account.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=account.user_id.id or self.env.uid,
            summary=self.env._(
                "Listings on %(account)s that changed who ships them: %(count)s",
                count=len(self),
                account=account.name,
            ),
            note=self.env._(
                "Was that intended? Nothing is sent for them meanwhile: %s", names
            ),
        )
