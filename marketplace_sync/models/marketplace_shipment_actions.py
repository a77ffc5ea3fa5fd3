"""What a person does with parcels."""

from odoo import models
from odoo.exceptions import UserError


class MarketplaceShipment(models.Model):
    _inherit = "marketplace.shipment"

    def action_retry(self):
        """Tell refused or waiting parcels again, now."""
        again = self.filtered(lambda s: s.state in ("failed", "waiting"))
        again._requeue()
        missing = again.filtered("is_tracking_missing")
        return self._notify(len(again - missing), len(missing))

    def action_send_untracked(self):
        """Do not wait for a tracking number."""
        waiting = self.filtered(
            lambda s: s.is_tracking_missing and s.is_tracking_optional
        )
        waiting.is_untracked_ok = True
        waiting._requeue()
        return self._notify(len(waiting), len(self - waiting))

    def action_mark_told(self):
        """A person told the channel there."""
        for shipment in self:
            if shipment.state in ("accepted", "cancelled"):
                continue
            shipment.write(
                {"state": "accepted", "outcome": "by_hand", **self._no_failure()}
            )
            shipment.message_post(
                body=self.env._("Marked as told by hand; nothing was sent.")
            )

    def action_cancel(self):
        """Never tell the channel of these parcels."""
        if any(shipment.state == "accepted" for shipment in self):
            raise UserError(self.env._("The channel has been told of it already."))
        self.write({"state": "cancelled", **self._no_failure()})
        for shipment in self:
            shipment.message_post(body=self.env._("Not to be told to the channel."))

    def action_open_picking(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "stock.picking",
            "res_id": self.picking_id.id,
            "view_mode": "form",
        }

    def action_open_order_page(self):
        self.ensure_one()
        url = self.order_id.channel_url
        return {"type": "ir.actions.act_url", "url": url, "target": "new"}

    def _action_open(self):
        """Return the action that shows these parcels."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "marketplace_sync.marketplace_shipment_action"
        )
        action.update(domain=[("id", "in", self.ids)], context={})
        if len(self) == 1:
            action.update(res_id=self.id, views=[(False, "form")], view_mode="form")
        return action

    def _notify(self, sent, missing):
        if missing:
            message = self.env._("Enter the tracking number first, or send without.")
        elif sent:
            message = self.env._("The channel will be told within seconds.")
        else:
            message = self.env._("There is nothing to send.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info" if sent and not missing else "warning",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
