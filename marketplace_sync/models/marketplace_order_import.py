"""Making the sale order: what must be known before, and its head."""

from markupsafe import Markup
from odoo import models
from odoo.fields import Domain

from .order_problem import OrderProblem


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    # === WHAT MUST BE KNOWN ===

    def _check_can_import(self):
        """Raise the first reason why these orders cannot be a sale order."""
        for order in self:
            order._check_prices()
            order._check_currency()
            order._check_products()
        if len(self.currency_id) > 1:
            raise OrderProblem(
                self.env._("The orders of this purchase are in different currencies.")
            )

    def _check_prices(self):
        if not self.line_ids:
            raise OrderProblem(self.env._("This order has no lines. Press Read Again."))
        known = all(
            (line.channel_data or {}).get("is_price_known", True)
            for line in self.line_ids
            if line.quantity
        )
        if not self.is_total_known or not known:
            raise OrderProblem(
                self.env._(
                    "The channel does not tell what it costs (yet). It is tried again "
                    "as soon as the channel says more."
                )
            )

    def _check_currency(self):
        currency, company = self.currency_id, self.company_id
        if not currency:
            raise OrderProblem(
                self.env._("Odoo does not know the currency %s.", self.currency_code)
            )
        if currency == company.currency_id:
            return
        if not currency.active:
            raise OrderProblem(
                self.env._(
                    "The currency %s is not active. Activate it under Currencies and "
                    "give its rate, then retry.",
                    currency.name,
                )
            )
        has_rate = self.env["res.currency.rate"].search_count(
            [
                ("currency_id", "=", currency.id),
                ("company_id", "in", (company.root_id.id, False)),
            ],
            limit=1,
        )
        if not has_rate:
            raise OrderProblem(
                self.env._(
                    "The currency %(name)s has no rate: amounts in %(own)s would be "
                    "wrong. Give its rate under Currencies, then retry.",
                    name=currency.name,
                    own=company.currency_id.name,
                )
            )

    def _check_products(self):
        lines = self.line_ids.filtered(
            lambda line: line.quantity and not line.fulfilled_by_channel
        )
        lines._find_missing_products()
        unknown = lines.filtered(lambda line: not line.product_id)
        if unknown:
            names = ", ".join(
                line.sku or line.title or line.external_id for line in unknown
            )
            raise OrderProblem(
                self.env._(
                    "No product for %s. Choose it on the line, or create a listing.",
                    names,
                )
            )
        archived = lines.product_id.filtered(lambda p: not p.active)
        if archived:
            raise OrderProblem(
                self.env._(
                    "Archived: %s. Restore it, or choose another product on the line.",
                    ", ".join(archived.mapped("display_name")),
                )
            )

    # === THE HEAD OF THE SALE ORDER ===

    def _create_sale(self):
        """Return a new quotation without lines for these orders of one purchase."""
        lead = self[0]
        partner = lead._find_partner()
        sales = self._quiet(self.env["sale.order"])
        sale = sales.create(self._get_sale_values(partner))
        self.write({"sale_order_id": sale.id})
        links = Markup(", ").join(order._get_html_link() for order in self)
        sale._message_log(body=self.env._("Made from %s.", links))
        return sale

    def _get_sale_values(self, partner):
        lead, account = self[0], self[0].account_id
        ship_by = [moment for moment in self.mapped("ship_by") if moment]
        values = {
            "partner_id": partner.id,
            "partner_invoice_id": partner.id,
            "partner_shipping_id": lead._find_delivery_address(partner).id,
            "company_id": account.company_id.id,
            "warehouse_id": self._choose_warehouse().id,
            "pricelist_id": lead._find_pricelist().id,
            "date_order": lead.placed_at,
            "commitment_date": min(ship_by, default=False),
            "client_order_ref": lead.name,
            "origin": lead.display_name,
            "user_id": account.salesperson_id.id,
            "source_id": account.source_id.id,
            "marketplace_key": f"{account.id}/{lead.group_key or lead.external_id}",
        }
        for name in ("team_id", "payment_term_id", "fiscal_position_id"):
            if account[name]:
                values[name] = account[name].id
        return values

    def _find_pricelist(self):
        """Return a price list in the order's currency: a sale order has its currency
        from there. Without one, the company's currency needs none; for another one an
        archived list is made, since its prices are never used."""
        Pricelist = self.env["product.pricelist"].with_context(active_test=False)
        currency, company = self.currency_id, self.company_id
        found = Pricelist.search(
            Domain("currency_id", "=", currency.id)
            & Domain("company_id", "in", (company.id, False)),
            order="active DESC, company_id, sequence, id",
            limit=1,
        )
        if found or currency == company.currency_id:
            return found
        return Pricelist.create(
            {
                "name": self.env._("Marketplace %s", currency.name),
                "currency_id": currency.id,
                "company_id": company.id,
                "active": False,
            }
        )

    def _choose_warehouse(self):
        """Return the warehouse that ships: of those of the site, the first that has
        all of it free, else the first.

        A line that the channel gives to another place ships from there, see
        ``sale.order.line._compute_warehouse_id``.
        """
        lines = self.line_ids.filtered(
            lambda line: line.quantity and not line.fulfilled_by_channel
        )
        site = lines.site_id[:1] or self.site_id[:1]
        warehouses = (site or self.account_id.site_ids).warehouse_ids
        if not warehouses:
            raise OrderProblem(
                self.env._(
                    "The site %s has no warehouse to ship from.",
                    site.name or self.account_id.name,
                )
            )
        if len(warehouses) == 1:
            return warehouses
        wanted = {}
        for line in lines.filtered("product_id.is_storable"):
            wanted[line.product_id.id] = (
                wanted.get(line.product_id.id, 0) + line.product_qty
            )
        free = self.env["marketplace.stock"]._read_free(list(wanted), warehouses.ids)
        for warehouse in warehouses:
            if all(
                free.get((product, warehouse.id), 0) >= units
                for product, units in wanted.items()
            ):
                return warehouse
        return warehouses[0]


class MarketplaceOrderLine(models.Model):
    _inherit = "marketplace.order.line"

    def _find_missing_products(self):
        """Look once more for listings of lines that have no product."""
        for line in self.filtered(lambda line: not line.product_id):
            listing = line.order_id._find_listing(line, line.site_id)
            if listing.product_id:
                line.listing_id = listing
