"""Shared case of the tests about sale orders of the channels."""

from decimal import Decimal

from ..channels.orders import OrderAddress, OrderBuyer, OrderTax
from .order_case import OrderCase, told_order

ADDRESS = OrderAddress(
    name="Ada Lovelace",
    street="12 St James's Square",
    city="San Francisco",
    zip="94105",
    state_code="CA",
    country_code="US",
    phone="+1 415 555 0100",
)
BUYER = OrderBuyer(key="buyer-1", name="Ada Lovelace", email="ada@example.com")


def told_tax(amount, rate=None, title="VAT", **values):
    rate = None if rate is None else Decimal(str(rate))
    return OrderTax(title, Decimal(str(amount)), rate, **values)


def amount_of(order):
    """Return what the parts of a told order come to, as every channel's total does."""
    parts = [*order.charges, *order.lines]
    amount = sum((charge.amount for charge in order.charges), Decimal(0))
    for line in order.lines:
        amount += line.unit_price * line.quantity - line.discount
    if not order.prices_include_tax:
        amount += sum((tax.amount for part in parts for tax in part.taxes), Decimal(0))
    return amount


class SaleCase(OrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.responsible = cls.env["res.users"].create(
            {"name": "Responsible", "login": "sale-responsible"}
        )
        cls.account.user_id = cls.responsible

    def make_tax(self, amount, included=False, **values):
        return self.env["account.tax"].create(
            {
                "name": f"Tax {amount} {included} {values}"[:60],
                "amount": amount,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "price_include_override": "tax_included"
                if included
                else "tax_excluded",
                **values,
            }
        )

    def sync(self, account=None):
        """Do what the account's order action does with what was stored."""
        account = account or self.account
        with self.crons() as env:
            account.with_env(env)._sync_orders(float("inf"))

    def imported(self, *told, **values):
        """Store orders, bring them in line, and return the last one's record."""
        for order in told or [told_order(**values)]:
            record = self.store(order)
        self.sync()
        return record

    def rows(self, sale):
        """Return (product, quantity, subtotal, total) of a sale order's lines."""
        return [
            (
                line.product_id.default_code,
                line.product_uom_qty,
                line.price_subtotal,
                line.price_total,
            )
            for line in sale.order_line
        ]

    def ship(self, sale, quantity=None):
        """Validate the delivery; of it only ``quantity`` if that is given."""
        picking = sale.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))
        picking.action_assign()
        for move in picking.move_ids:
            move.quantity = move.product_uom_qty if quantity is None else quantity
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True).button_validate()

    def activities(self, order):
        return order.activity_ids.mapped("summary")


class MoneyCase(SaleCase):
    def setUp(self):
        super().setUp()
        self.cup = self.make_listing("CUP", stock=1000)

    def paid(self, lines=(), total=None, **values):
        """Import an order whose total is what its parts come to."""
        order = told_order(lines=lines, **values)
        values["total"] = total or amount_of(order)
        return self.imported(told_order(lines=lines, **values))
