"""Stock and demand of kits: from their components, wherever stock is read.

A kit has no stock. What the readers say of it is in kits: complete ones, and those that
demand for components takes.
"""

from collections import defaultdict

from odoo import api, models

from ..engine.kits import complete


class MarketplaceStock(models.AbstractModel):
    _inherit = "marketplace.stock"

    @api.model
    def _read_kits_by_warehouse(self, product_ids, warehouse_ids):
        """Return (product id, warehouse id) → kit, without those that cannot be
        counted."""
        companies = self._get_companies(warehouse_ids)
        kits = self._read_kits(product_ids, set(companies.values()))
        warehouses = defaultdict(list)
        for warehouse, company in companies.items():
            warehouses[company].append(warehouse)
        return {
            (product, warehouse): kit
            for (product, company), kit in kits.items()
            if not kit.problem
            for warehouse in warehouses[company]
        }

    @api.model
    def _get_companies(self, warehouse_ids):
        """Return warehouse id → company id."""
        warehouses = self.env["stock.warehouse"].sudo().browse(warehouse_ids)
        return {warehouse.id: warehouse.company_id.id for warehouse in warehouses}

    @api.model
    def _read_free(self, product_ids, warehouse_ids):
        """Count complete kits, warehouse by warehouse: no kit is shipped half from
        each. Where nothing is kept off the market it is Odoo's own ``free_qty``.
        """
        kits = self._read_kits_by_warehouse(product_ids, warehouse_ids)
        if not kits:
            return super()._read_free(product_ids, warehouse_ids)
        parts = components_of(kits.values())
        free = super()._read_free({*product_ids, *parts}, warehouse_ids)
        return {**free, **self._count_kits(kits, free)}

    @api.model
    def _read_free_by_site(self, product_ids, warehouses_of):
        free = super()._read_free_by_site(product_ids, warehouses_of)
        warehouses = set().union(*warehouses_of.values())
        kits = self._read_kits_by_warehouse(product_ids, warehouses)
        if not kits:
            return free
        kits = {product for product, _warehouse in kits}
        counted = self._read_free(kits, warehouses)
        return {
            site: {
                **free[site],
                **{
                    kit: sum(counted.get((kit, one), 0.0) for one in set(ids))
                    for kit in kits
                },
            }
            for site, ids in warehouses_of.items()
        }

    @api.model
    def _read_committed(self, product_ids, warehouse_ids):
        """Count the kits that demand for their components takes: free − committed are
        the kits that can still be made.

        Orders of a kit are moves of its components already: Odoo explodes them when
        they are confirmed. A move of the kit itself is older than its bill.
        """
        kits = self._read_kits_by_warehouse(product_ids, warehouse_ids)
        if not kits:
            return super()._read_committed(product_ids, warehouse_ids)
        parts = components_of(kits.values())
        committed = super()._read_committed({*product_ids, *parts}, warehouse_ids)
        free = self._read_free(parts, warehouse_ids)
        before = self._count_kits(kits, free)
        after = self._count_kits(kits, subtract(free, committed))
        taken = {
            key: before[key] - after[key] + committed.get(key, 0.0) for key in kits
        }
        return {**committed, **taken}

    @api.model
    def _count_kits(self, kits, free):
        """Return (product id, warehouse id) → complete kits.

        :param kits: (product id, warehouse id) → kit
        :param free: (product id, warehouse id) → free quantity of components
        """
        precision = self._get_precision()
        by_warehouse = defaultdict(dict)
        for (product, warehouse), quantity in free.items():
            by_warehouse[warehouse][product] = quantity
        return {
            (product, warehouse): complete(kit, by_warehouse[warehouse], precision)
            for (product, warehouse), kit in kits.items()
        }

    @api.model
    def _read_promised(self, product_ids):
        """Add what channel orders of kits want of their components.

        The order of a kit lowers its components everywhere, before there is a sale
        order; the kit itself keeps its own entry, in kits.
        """
        asked = set(product_ids)
        above = self._get_kits_above(asked)
        promised = super()._read_promised(asked | above)
        ordered = {product for product, _site in promised if product in above}
        result = defaultdict(float)
        result.update((key, qty) for key, qty in promised.items() if key[0] in asked)
        if not ordered:
            return dict(result)
        companies = self._get_companies_of_sites({site for _p, site in promised})
        kits = self._read_kits(ordered, set().union(*companies.values()))
        for (product, site), units in promised.items():
            needs = defaultdict(float)
            for company in companies[site]:
                kit = kits.get((product, company))
                for part in kit.needs if kit else ():
                    needs[part] = max(needs[part], kit.need_of(part))
            for part, need in needs.items():
                if part in asked:
                    result[part, site] += units * need
        return dict(result)

    @api.model
    def _get_companies_of_sites(self, site_ids):
        """Return site id → the company whose bills count; for 0, an order of which no
        site is known, every company that sells."""
        sites = self.env["marketplace.site"].sudo().browse(filter(None, site_ids))
        companies = {site.id: {site.company_id.id} for site in sites}
        if 0 in site_ids:
            companies[0] = self._get_selling_companies()
        return companies

    @api.model
    def _get_selling_companies(self):
        accounts = self.env["marketplace.account"].sudo().search_fetch([])
        return set(accounts.company_id.ids)


def components_of(kits):
    """Return the ids of all components."""
    return {component for kit in kits for component in kit.needs}


def subtract(free, demand):
    """Return a reading less another one."""
    return {
        key: free.get(key, 0.0) - demand.get(key, 0.0)
        for key in free.keys() | demand.keys()
    }
