"""Listings of kits: the numbers of their components, in kits."""

import functools
from collections import defaultdict

from odoo import api, models
from odoo.addons.marketplace_sync.models.marketplace_stock import KIT

from ..engine.kits import CIRCULAR, TOO_LARGE, UNTRACKED, lost
from .marketplace_stock_bills import MEMO, Memo
from .marketplace_stock_kits import components_of, subtract


@functools.lru_cache(maxsize=4096)
def as_kit(kind, problem):
    """Return the kind of listings of a kit; rows share it."""
    return kind._replace(uncountable=problem)


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    @api.model
    def _refresh_batch(self, condition, changes=None):
        """Read each bill once in a batch."""
        remembering = self.with_context(**{MEMO: Memo()})
        return super(MarketplaceListing, remembering)._refresh_batch(condition, changes)

    @api.model
    def _select_rows(self, condition):
        """Lift the block of kits that can be counted, say why of the others."""
        rows = super()._select_rows(condition)
        found = [row for row in rows if row.kind.uncountable == KIT]
        if not found:
            return rows
        kits = self.env["marketplace.stock"]._read_kits(
            {row.product_id for row in found}, {row.kind.company_id for row in found}
        )
        return [self._with_problem(row, kits) for row in rows]

    @api.model
    def _with_problem(self, row, kits):
        kit = kits.get((row.product_id, row.kind.company_id))
        if not kit or row.kind.uncountable != KIT:
            return row
        return row._replace(kind=as_kit(row.kind, kit.problem))

    @api.model
    def _get_block_messages(self):
        return {
            **super()._get_block_messages(),
            CIRCULAR: self.env._(
                "Its bill of materials leads back to itself: a component is made of "
                "the kit that it is part of. Correct the bill, or choose another "
                "source for the quantity."
            ),
            UNTRACKED: self.env._(
                "None of this kit's components is tracked in Odoo's inventory, so "
                "there is no number to show. Track one of them, or choose another "
                "source for the quantity."
            ),
            TOO_LARGE: self.env._(
                "Its bill of materials, with all the kits in it, has too many lines to "
                "be counted. Simplify it, or choose another source for the quantity."
            ),
        }

    @api.model
    def _read_promised_by_site(self, product_ids, rules):
        """Say of kits how many channel orders take, of the kit itself and of its
        components: available − committed are the kits that can still be shipped."""
        stock = self.env["marketplace.stock"]
        warehouses = {w for rule in rules.values() for w in rule.warehouse_ids}
        kits = stock._read_kits_by_warehouse(product_ids, warehouses)
        parts = components_of(kits.values())
        promised = super()._read_promised_by_site({*product_ids, *parts}, rules)
        sites_of = defaultdict(set)
        for product, site in promised:
            sites_of[product].add(site)
        wanted = {
            (product, site)
            for (product, _warehouse), kit in kits.items()
            for part in (product, *kit.needs)
            for site in sites_of.get(part, ())
        }
        if not wanted:
            return promised
        left = subtract(
            stock._read_free(parts, warehouses),
            stock._read_committed(parts, warehouses),
        )
        taken = {
            (product, site): self._count_lost(
                product, site, rules[site].warehouse_ids, kits, left, promised
            )
            for product, site in wanted
        }
        return {**promised, **taken}

    @api.model
    def _count_lost(self, product, site, warehouses, kits, left, promised):
        """Return the kits that are gone for one site."""
        kit = next((kits[product, w] for w in warehouses if (product, w) in kits), None)
        if not kit:  # a site of another company, where it is a plain product
            return promised.get((product, site), 0.0)
        return lost(
            kit,
            [
                {part: left.get((part, w), 0.0) for part in kit.needs}
                for w in warehouses
            ],
            promised.get((product, site), 0.0),
            {part: promised.get((part, site), 0.0) for part in kit.needs},
            self.env["marketplace.stock"]._get_precision(),
        )
