"""Products whose stock changed, until the listings that show them are computed."""

import uuid

from odoo import api, fields, models
from odoo.tools import SQL

#: Key of the gathered product ids in ``cr.precommit.data``.
GATHERED = "marketplace_sync.product_ids"


class MarketplaceStockChange(models.Model):
    """Append only: a row is written in the transaction that moved the stock, with
    nothing that can block or conflict there, and deleted by the refresh."""

    _name = "marketplace.stock.change"
    _description = "Marketplace Stock Change"
    _log_access = False
    _order = "id"

    product_id = fields.Integer(required=True)  # no foreign key: no lock on the product
    correlation_id = fields.Char()

    @api.model
    def _gather(self, product_ids):
        """Note that these products changed; one insert when the transaction commits.

        Savepoints run pre-commit hooks, so a transaction may insert several times.
        """
        if not product_ids:
            return
        data = self.env.cr.precommit.data
        if GATHERED not in data:
            data[GATHERED] = set()
            self.env.cr.precommit.add(self._append_gathered)
        data[GATHERED].update(product_ids)

    @api.model
    def _append_gathered(self):
        product_ids = self.env.cr.precommit.data.pop(GATHERED, ())
        self._append(sorted(product_ids))

    @api.model
    def _new_id(self):
        """Return a correlation id: it follows a change up to the channel's answer."""
        return uuid.uuid4().hex[:12]

    @api.model
    def _append(self, product_ids):
        """Insert the changes and wake the refresh."""
        if not product_ids:
            return
        self.env.cr.execute(
            SQL(
                """INSERT INTO marketplace_stock_change (product_id, correlation_id)
                   SELECT unnest(%s), %s""",
                list(product_ids),
                self._new_id(),
            )
        )
        cron = self.env.ref(
            "marketplace_sync.ir_cron_marketplace_refresh", raise_if_not_found=False
        )
        if cron:
            cron.sudo()._trigger()

    @api.model
    def _take(self, limit):
        """Remove up to ``limit`` changes; return product id → correlation id."""
        rows = self.env.execute_query(
            SQL(
                """DELETE FROM marketplace_stock_change
                    WHERE id IN (
                        SELECT id FROM marketplace_stock_change ORDER BY id LIMIT %s
                    )
                RETURNING product_id, correlation_id""",
                limit,
            )
        )
        return dict(rows)
