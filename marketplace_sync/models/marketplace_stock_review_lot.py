"""Reviews of products with lots or serial numbers: a channel names none, so a person
chooses before anything is adjusted."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class MarketplaceStockReview(models.Model):
    _inherit = "marketplace.stock.review"

    tracking = fields.Selection(related="product_id.tracking")
    lot_id = fields.Many2one(
        "stock.lot",
        "Lot or Serial Number",
        check_company=True,
        domain="[('product_id', '=', product_id)]",
        ondelete="restrict",
        tracking=True,
        help="The channel names none: choose the one that the units belong to.",
    )

    @api.depends("lot_id")
    def _compute_recorded_qty(self):
        """Until a lot is chosen, what lies there of all lots together."""
        result = super()._compute_recorded_qty()
        for review in self.filtered(lambda one: one._needs_lot()):
            quants = review.sudo().env["stock.quant"]
            quants = quants._gather(review.product_id, review.location_id)
            quants = quants.filtered(lambda q, r=review: q.location_id == r.location_id)
            review.recorded_qty = sum(quants.mapped("quantity"))
        return result

    def _needs_lot(self):
        return bool(
            self.product_id
            and self.location_id
            and self.tracking != "none"
            and not self.lot_id
        )

    def _get_quant(self):
        if not self.lot_id:
            return super()._get_quant()
        quants = self.env["stock.quant"]._gather(
            self.product_id, self.location_id, lot_id=self.lot_id, strict=True
        )
        return quants.filtered(lambda quant: quant.lot_id == self.lot_id)[:1]

    def _get_quant_values(self):
        return {**super()._get_quant_values(), "lot_id": self.lot_id.id}

    def _check_adjustable(self):
        result = super()._check_adjustable()
        product = self.product_id.display_name
        if self._needs_lot():
            raise UserError(
                self.env._(
                    "%s is tracked by lot or serial number, and the channel names "
                    "none. Choose the one that the units belong to, or refuse.",
                    product,
                )
            )
        if self.lot_id and self.tracking == "none":
            raise UserError(
                self.env._("%s is not tracked by lot: clear the lot.", product)
            )
        if self.lot_id and self.lot_id.product_id != self.product_id:
            raise UserError(
                self.env._(
                    "%(lot)s is no lot of %(product)s.",
                    lot=self.lot_id.name,
                    product=product,
                )
            )
        if self.tracking == "serial":
            self._check_serial()
        return result

    def _check_serial(self):
        """A serial number is one unit: it is there, or it is not."""
        recorded = self._get_quant().quantity
        if recorded + self.qty in (0, 1):
            return
        raise UserError(
            self.env._(
                "Serial number %(number)s is one unit, of which %(recorded)g is "
                "recorded: a change of %(change)g is not possible. Correct the change, "
                "and adjust the other units by hand.",
                number=self.lot_id.name,
                recorded=recorded,
                change=self.qty,
            )
        )

    @api.constrains("lot_id")
    def _check_decided_lot(self):
        """What was decided stays as it was decided."""
        self._check_decided()
