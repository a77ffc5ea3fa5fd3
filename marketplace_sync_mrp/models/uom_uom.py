from odoo import models


class UomUom(models.Model):
    _inherit = "uom.uom"

    def write(self, vals):
        result = super().write(vals)
        if {"relative_factor", "relative_uom_id"} & vals.keys():
            self._marketplace_changed()
        return result

    def _marketplace_changed(self):
        """Have the kits computed again whose bills use these units, or units that are
        defined by them."""
        env = self.sudo().with_context(active_test=False).env
        units = env["uom.uom"].search([("id", "child_of", self.ids)])
        lines = env["mrp.bom.line"].search(
            [
                "|",
                ("product_uom_id", "in", units.ids),
                ("product_id.uom_id", "in", units.ids),
            ]
        )
        bills = env["mrp.bom"].search(
            [
                "|",
                ("product_uom_id", "in", units.ids),
                ("product_tmpl_id.uom_id", "in", units.ids),
            ]
        )
        (lines.bom_id | bills)._marketplace_changed()
