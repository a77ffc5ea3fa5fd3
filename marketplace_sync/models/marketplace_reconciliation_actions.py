"""What a person does with findings. Nothing here writes Odoo's stock."""

from odoo import fields, models
from odoo.exceptions import UserError


class MarketplaceReconciliationLine(models.Model):
    _inherit = "marketplace.reconciliation.line"

    def action_push(self):
        """Send the right quantity again: what the channel shows is what is published,
        so that only real differences are sent."""
        self.check_access("read")
        lines = self.sudo().filtered(
            lambda line: line.state != "closed" and line.listing_id
        )
        listings = lines.listing_id
        listings._refresh()
        shown = {
            line.listing_id.id: line.channel_qty
            for line in lines
            if line.is_channel_qty_known
        }
        sent = listings._send_again(shown)
        # refused or never sent: those go the way of the listing's own button
        rest = listings.filtered(
            lambda listing: listing.id not in sent and listing.sync_state == "failed"
        )
        if rest:
            rest.action_retry()
        done = listings.browse(sent) | rest
        lines.filtered(
            lambda line: line.listing_id in done
        ).repaired_at = fields.Datetime.now()
        done.account_id._wake()
        return self._notify_sent(len(done), len(listings - done))

    def _notify_sent(self, count, others):
        if count:
            message = self.env._("%s quantities will be sent within seconds.", count)
        else:
            message = self.env._("There is nothing to send.")
        if others:
            message = self.env._(
                "%(message)s %(count)s cannot be sent: their listings say why.",
                message=message,
                count=others,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if others or not count else "info",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_check_again(self):
        """Read these listings from the channel again, with the account's next turn."""
        self.check_access("read")
        for account, lines in self.grouped("account_id").items():
            listings = lines.listing_id.filtered("active")
            if listings:
                self.env["marketplace.reconciliation"]._request(
                    account, listing_ids=listings.ids, user_id=self.env.uid
                )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "The channel is read again; what agrees then is closed."
                ),
            },
        }

    def action_pause(self):
        """Send nothing more for these listings; what the channel shows stays."""
        self.filtered(lambda line: line.state != "closed").listing_id.action_pause()

    def action_reopen(self):
        """Take back that these were accepted."""
        self.check_access("read")
        self.sudo().filtered(lambda line: line.state == "accepted").write(
            {"state": "open", "accepted_until": False, "accepted_reason": False}
        )

    def action_accept(self):
        """Ask why, and until when."""
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_reconciliation_accept_action"
            ),
            "context": {"default_line_ids": self.ids},
        }

    def _accept(self, reason, until):
        self.check_access("read")
        for line in self.sudo().filtered(lambda line: line.state != "closed"):
            line.write(
                {
                    "state": "accepted",
                    "accepted_reason": reason,
                    "accepted_until": until,
                    "accepted_by_id": self.env.uid,
                    "accepted_numbers": line._get_numbers(
                        line.cause, line.channel_qty, line.expected_qty
                    ),
                }
            )

    def action_open_product(self):
        self.ensure_one()
        return self._action_open(self.product_id)

    def action_open_listing(self):
        self.ensure_one()
        return self._action_open(self.listing_id)

    def _action_open(self, record):
        if not record:
            raise UserError(self.env._("Odoo has no such record for this finding."))
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
        }

    def action_open_channel_page(self):
        self.ensure_one()
        if not self.channel_url:
            raise UserError(self.env._("The channel did not tell this page's address."))
        return {"type": "ir.actions.act_url", "url": self.channel_url, "target": "new"}

    def action_match(self):
        """Match the account's listings with products."""
        self.ensure_one()
        return self.account_id.action_match_products()
