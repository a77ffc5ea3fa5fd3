"""Edits of bills of materials, noted as changes of what they make and use."""

from odoo import api, models


class MrpBom(models.Model):
    _inherit = "mrp.bom"

    #: What makes a kit's number differ.
    _marketplace_fields = frozenset(
        (
            "active",
            "type",
            "product_id",
            "product_tmpl_id",
            "product_qty",
            "product_uom_id",
            "company_id",
            "picking_type_id",
            "sequence",
        )
    )

    @api.model_create_multi
    def create(self, vals_list):
        bills = super().create(vals_list)
        bills._marketplace_changed()
        return bills

    def write(self, vals):
        if self._marketplace_fields.isdisjoint(vals):
            return super().write(vals)
        self._marketplace_changed()  # what it made until now
        result = super().write(vals)
        self._marketplace_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_marketplace_changed(self):
        self._marketplace_changed()

    def _marketplace_changed(self):
        """Have what these bills make computed again, and what they use: orders of a kit
        take its components."""
        bills = self.sudo().with_context(active_test=False)
        products = bills.bom_line_ids.product_id
        for bill in bills:
            products |= bill.product_id or bill.product_tmpl_id.product_variant_ids
        self.env["marketplace.stock.change"]._gather(products.ids)


class MrpBomLine(models.Model):
    _inherit = "mrp.bom.line"

    _marketplace_fields = frozenset(
        (
            "bom_id",
            "product_id",
            "product_qty",
            "product_uom_id",
            "bom_product_template_attribute_value_ids",
        )
    )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.bom_id._marketplace_changed()
        return lines

    def write(self, vals):
        if self._marketplace_fields.isdisjoint(vals):
            return super().write(vals)
        self.bom_id._marketplace_changed()
        result = super().write(vals)
        self.bom_id._marketplace_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_marketplace_changed(self):
        self.bom_id._marketplace_changed()
