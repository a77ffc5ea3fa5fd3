"""The rows of the sale order: what was bought, what it costs, what is paid beside it.

Every tax of a row carries the channel's own amount (``extra_tax_data``, Odoo's means
for amounts that are known from elsewhere), so the sale order's total is the channel's
to the cent, whatever the company's rounding is.
"""

import hashlib
import json
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Command

from ..engine.order_money import Part, TaxShare, rows_of
from .marketplace_account_sale import CHARGE_PRODUCTS
from .order_problem import OrderProblem

ZERO = Decimal(0)


def decimal(value):
    """Return a stored number (float, text or nothing) as Decimal."""
    return Decimal(str(value or 0))


def told_taxes(rows):
    """Return stored taxes with their numbers as Decimal."""
    return [
        {
            **row,
            "amount": decimal(row["amount"]),
            "rate": None if row.get("rate") is None else decimal(row["rate"]),
        }
        for row in rows or ()
    ]


class Item(NamedTuple):
    """A line or a charge on its way into the sale order.

    :param key: names it within the order
    :param units: in the product's unit of measure
    :param taxes: as told
    :param name: description; empty = Odoo's own of the product
    """

    key: str
    product: object
    units: Decimal
    price: Decimal
    quantity: Decimal
    discount: Decimal
    taxes: list
    name: str = ""
    line: object = None


class MarketplaceOrder(models.Model):
    _inherit = "marketplace.order"

    def _get_unit(self):
        """Return the smallest amount of the order's currency."""
        return Decimal(1).scaleb(-self.currency_id.decimal_places)

    def _get_sale_rows(self, fiscal_position):
        """Return key → values of the sale order lines of one order.

        :raises OrderProblem: a tax is not mapped, or is mapped to one that cannot be
        """
        self.ensure_one()
        rows, collected, unmapped = {}, defaultdict(lambda: ZERO), []
        for item in self._get_items():
            try:
                part, taxes = self._get_part(item, fiscal_position)
            except OrderProblem as problem:
                if not problem.unmapped:
                    raise
                unmapped += problem.unmapped
                continue
            for tax in item.taxes:
                if tax.get("collected_by_channel"):
                    collected[tax["title"]] += tax["amount"]
            for row in rows_of(part, self._get_unit()):
                key = (
                    f"{self.id}/{'discount' if row.is_discount else 'item'}/{item.key}"
                )
                rows[key] = self._get_row_values(item, row, taxes)
        if unmapped:
            raise self._unmapped_problem(unmapped)
        rows.update(self._get_collected_rows(collected))
        return rows

    # === WHAT WAS BOUGHT ===

    def _get_items(self):
        """Return lines and charges that are still wanted."""
        items = [self._get_line_item(line) for line in self.line_ids if line.quantity]
        for number, charge in enumerate((self.details or {}).get("charges") or ()):
            items.append(self._get_charge_item(number, charge))
        return items

    def _get_line_item(self, line):
        name = ""
        product = line.product_id
        units = decimal(line.product_qty)
        if line.fulfilled_by_channel:
            product = self._get_service("elsewhere_product_id")
            units = decimal(line.quantity)
            name = self.env._("%s (shipped by the channel)", line.title or line.sku)
        return Item(
            key=f"line {line.id}",
            product=product,
            units=units,
            price=decimal(line.unit_price),
            quantity=decimal(line.quantity),
            discount=decimal(line.discount),
            taxes=told_taxes(line.taxes),
            name=name,
            line=line,
        )

    def _get_charge_item(self, number, charge):
        product = self._get_service(CHARGE_PRODUCTS[charge["kind"]])
        return Item(
            key=f"charge {number} {charge['kind']}",
            product=product,
            units=Decimal(1),
            price=decimal(charge["amount"]),
            quantity=Decimal(1),
            discount=ZERO,
            taxes=told_taxes(charge["taxes"]),
            name=charge["title"] or product.display_name,
        )

    def _get_service(self, name):
        """Return the account's product for something that is no article."""
        product = self.account_id[name]
        if not product or not product.active:
            raise OrderProblem(
                self.env._(
                    "Choose the product “%(field)s” on the page Orders of the account "
                    "%(account)s.",
                    field=self.account_id._fields[name]._description_string(self.env),
                    account=self.account_id.name,
                )
            )
        return product

    # === TAXES ===

    def _get_part(self, item, fiscal_position):
        """Return the arithmetic of an item, and the taxes of its rows."""
        values = {
            "price": item.price,
            "quantity": item.quantity,
            "discount": item.discount,
            "collected": sum(
                (t["amount"] for t in item.taxes if t.get("collected_by_channel")), ZERO
            ),
            "prices_include_tax": self.prices_include_tax,
        }
        if self.account_id.tax_source == "odoo":
            return self._get_part_of_odoo_taxes(item, fiscal_position, values)
        own = [t for t in item.taxes if not t.get("collected_by_channel")]
        amounts, is_checked = self._map_taxes(own, Part(**values), item)
        taxes = self.env["account.tax"].union(*amounts)
        shares = [
            TaxShare(tax.id, amount, tax.price_include)
            for tax, amount in amounts.items()
        ]
        part = Part(**values, taxes=shares)
        if is_checked:
            self._check_tax_amounts(item, part, amounts)
        return part, taxes

    def _map_taxes(self, told, part, item):
        """Return tax of Odoo → amount, and whether their rates can be checked."""
        account = self.account_id
        amounts, unmapped, is_checked = {}, [], True
        base = part.net
        if self.prices_include_tax:
            base -= sum((tax["amount"] for tax in told), ZERO)
        for tax in told:
            row = account.tax_map_ids._resolve(
                account,
                tax,
                base,
                self.prices_include_tax,
                self._get_tax_tolerance(item),
            )
            if row.tax_id:
                amounts[row.tax_id] = amounts.get(row.tax_id, ZERO) + tax["amount"]
                is_checked = is_checked and not row.is_any_rate
            elif tax["amount"]:
                values = row._get_told_values(account, tax, self.prices_include_tax)
                unmapped.append({**values, "amount": tax["amount"], "base": base})
        if unmapped:
            raise OrderProblem("", unmapped)
        return amounts, is_checked

    def _get_tax_tolerance(self, item):
        """Return what rounding can explain: channels round each unit or each line."""
        return self._get_unit() * (1 + int(item.quantity))

    def _check_tax_amounts(self, item, part, amounts):
        """Refuse a mapping under which the total is right and the tax is wrong."""
        taxes = self.env["account.tax"].union(*amounts)
        details = taxes._get_tax_details(
            price_unit=float(part.shown),
            quantity=1.0,
            precision_rounding=self.currency_id.rounding,
            rounding_method="round_per_line",
            product=item.product,
        )
        for data in details["taxes_data"]:
            told = amounts.get(data["tax"], ZERO)
            gap = abs(decimal(data["tax_amount"]) - told)
            if gap > self._get_tax_tolerance(item) + self._get_unit() / 2:
                raise OrderProblem(
                    self.env._(
                        "The channel charged %(told)s of tax on %(base)s for %(item)s; "
                        "the tax %(tax)s makes %(ours)s. Correct the tax mapping, or "
                        "let it take any rate.",
                        told=told,
                        base=part.net,
                        item=item.name or item.product.display_name,
                        tax=data["tax"].display_name,
                        ours=round(data["tax_amount"], self.currency_id.decimal_places),
                    ),
                    is_tax=True,
                )

    def _get_part_of_odoo_taxes(self, item, fiscal_position, values):
        """Take the product's own taxes out of what the buyer pays."""
        company = self.company_id
        taxes = fiscal_position.map_tax(
            item.product.taxes_id._filter_taxes_by_company(company)
        )
        told = Part(**values)
        paid = told.paid
        if not self.prices_include_tax:
            paid += sum((t["amount"] for t in item.taxes), ZERO)
        paid -= values["collected"]
        details = taxes._get_tax_details(
            price_unit=float(paid / item.units) if item.units else 0.0,
            quantity=float(item.units),
            precision_rounding=self.currency_id.rounding,
            rounding_method="round_per_line",
            product=item.product,
            special_mode="total_included",
        )
        unit = self._get_unit()
        shares = [
            TaxShare(
                data["tax"].id,
                decimal(data["tax_amount"]).quantize(unit),
                data["tax"].price_include,
            )
            for data in details["taxes_data"]
            if not data["is_reverse_charge"]
        ]
        if self.prices_include_tax:
            return Part(**values, taxes=shares), taxes
        extra = paid - told.paid  # taxes on top: the price holds them from here on
        values["price"] += extra / item.quantity
        values.update(prices_include_tax=True, collected=ZERO)
        return Part(**values, taxes=shares), taxes

    def _unmapped_problem(self, unmapped):
        names = []
        for values in unmapped:
            amount, base = values.pop("amount"), values.pop("base")
            title = values["title"] or self.env._("a tax without a name")
            rate = values["rate"]
            if values["is_any_rate"] and base:
                rate = round(float(amount / base * 100), 2)
            text = self.env._("%(title)s, %(rate)s %%", title=title, rate=f"{rate:g}")
            if text not in names:
                names.append(text)
        return OrderProblem(
            self.env._(
                "No tax of Odoo is mapped to: %s. Choose it under Tax Mapping.",
                "; ".join(names),
            ),
            unmapped,
        )

    # === VALUES OF SALE ORDER LINES ===

    def _get_row_values(self, item, row, taxes):
        units = item.units if not row.is_discount else Decimal(1)
        product, name = item.product, item.name
        if row.is_discount:
            product = self._get_service("discount_product_id")
            name = self.env._("Discount: %s", item.name or item.product.display_name)
        values = {
            "product_id": product.id,
            "product_uom_id": product.uom_id.id,
            "product_uom_qty": float(units),
            "price_unit": float(row.amount / units),
            "discount": float(row.percent),
            "tax_ids": [Command.set(taxes.ids)],
            "marketplace_order_id": self.id,
            "marketplace_order_line_id": (
                item.line.id if item.line and not row.is_discount else False
            ),
        }
        if name:
            values["name"] = name
        values["extra_tax_data"] = self._get_extra_tax_data(values, row)
        return values

    def _get_extra_tax_data(self, values, row):
        """Return the amounts of a row as Odoo's tax engine takes them from elsewhere;
        it drops them as soon as price or quantity are edited."""
        if not row.taxes:
            return False
        return {
            "currency_id": self.currency_id.id,
            "price_unit": values["price_unit"],
            "discount": values["discount"],
            "quantity": values["product_uom_qty"],
            "manual_total_excluded_currency": float(row.net),
            "manual_tax_amounts": {
                str(tax_id): {
                    "tax_amount_currency": float(amount),
                    "base_amount_currency": float(row.net),
                }
                for tax_id, amount in row.taxes.items()
            },
        }

    def _get_collected_rows(self, collected):
        """Return rows of the taxes that the channel pays to the state itself."""
        if self.account_id.collected_tax_mode == "exclude":
            return {}
        rows = {}
        for title, amount in collected.items():
            if amount:
                name = self.env._("%s, collected by the channel", title)
                key = f"{self.id}/collected/{title}"
                product = self._get_service("collected_tax_product_id")
                rows[key] = self._get_plain_row(product, amount, name)
        return rows

    def _get_plain_row(self, product, amount, name):
        """Return a row of one amount without any tax."""
        return {
            "product_id": product.id,
            "product_uom_id": product.uom_id.id,
            "product_uom_qty": 1.0,
            "price_unit": float(amount),
            "discount": 0.0,
            "tax_ids": [Command.set([])],
            "extra_tax_data": False,
            "name": name,
            "marketplace_order_id": self.id,
            "marketplace_order_line_id": False,
        }

    # === TOTAL ===

    def _get_expected_total(self):
        """Return what the rows of these orders must come to."""
        expected = ZERO
        for order in self:
            if order.status == "cancelled":
                continue
            expected += decimal(order.total)
            if order.account_id.collected_tax_mode == "exclude":
                expected -= order._get_collected_amount()
        return expected

    def _get_collected_amount(self):
        parts = [line.taxes for line in self.line_ids if line.quantity]
        parts += [c["taxes"] for c in (self.details or {}).get("charges") or ()]
        taxes = [tax for part in parts for tax in told_taxes(part)]
        return sum((t["amount"] for t in taxes if t.get("collected_by_channel")), ZERO)

    @api.model
    def _fingerprint(self, rows):
        """Return what tells one set of rows from another."""
        text = json.dumps(rows, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
