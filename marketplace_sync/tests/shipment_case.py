"""Shared case of the tests about shipments: a channel that takes parcels down."""

from dataclasses import dataclass, field

from odoo import fields
from odoo.fields import Command

from ..channels.orders import ShipmentResult
from .order_case import OrderCase, told_order


@dataclass
class Desk:
    """Where the channel takes parcels down.

    :param taken: parcels as they were told, by (order id, package reference)
    :param script: what to answer instead: outcome, ``ShipmentResult`` or exception,
        by order id
    """

    taken: dict = field(default_factory=dict)
    script: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)
    corrections: list = field(default_factory=list)
    on_call: object = None

    def confirm(self, shipment):
        self.calls.append(shipment)
        if self.on_call:
            self.on_call(shipment)
        answer = self.script.get(shipment.order_id)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, ShipmentResult):
            return answer
        if answer:
            return ShipmentResult(answer, f"The channel says {answer}.")
        key = shipment.order_id, shipment.package_ref
        known = key in self.taken
        self.taken[key] = shipment
        outcome = "already" if known else "accepted"
        return ShipmentResult(outcome, external_id="F1", request_id="request-1")

    def units(self, order_id="1001"):
        """Return the units that the channel was told of, by line."""
        found = {}
        for (order, _ref), shipment in self.taken.items():
            for line, units in shipment.lines if order == order_id else ():
                found[line] = found.get(line, 0) + int(units)
        return found


class ShipmentCase(OrderCase):
    """Channel orders with sale orders whose deliveries a test carries out."""

    def setUp(self):
        super().setUp()
        self.desk = desk = Desk()

        def correct(adapter, shipment, external_id):
            desk.corrections.append((external_id, shipment.tracking_number))
            return ShipmentResult("accepted", external_id=external_id)

        self.adapter_class = type(
            "BoundShipmentAdapter",
            (self.adapter_class,),
            {
                "confirm_shipment": lambda adapter, shipment: desk.confirm(shipment),
                "correct_shipment": correct,
                "carriers": ("UPS", "DHL Express", "DHL"),
            },
        )
        self.env["marketplace.credential"]._write_secrets(
            self.account.id, {"shopify_access_token": "token-of-the-test"}
        )

    # === ORDERS AND DELIVERIES ===

    def make_carrier(self, name="UPS Standard", **values):
        product = self.env["product.product"].create({"name": name, "type": "service"})
        return self.env["delivery.carrier"].create(
            {"name": name, "product_id": product.id, "delivery_type": "fixed", **values}
        )

    def sell(self, *lines, external_id="1001", stock=50, **values):
        """Return (channel order, its sale order), confirmed and reserved."""
        told = told_order(external_id, [(sku, units) for sku, units in lines], **values)
        for sku, _units in lines:
            if not self.account.listing_ids.filtered(lambda li, s=sku: li.sku == s):
                self.make_listing(sku, stock=stock)
        order = self.store(told)
        return order, self.make_sale(order)

    def make_sale(self, orders, **values):
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Buyer"}).id,
                "warehouse_id": self.warehouse.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "product_uom_qty": line.product_qty,
                            "marketplace_order_line_id": line.id,
                        }
                    )
                    for line in orders.line_ids
                ],
                **values,
            }
        )
        orders.write({"sale_order_id": sale.id, "state": "imported"})
        sale.action_confirm()
        return sale

    def deliver(self, picking, quantities=None, number=None, carrier=None):
        """Carry out a delivery, of which only some product units: {sku: quantity}.

        :return: the backorder, empty when there is none
        """
        picking.action_assign()
        if carrier:
            picking.carrier_id = carrier
        if number:
            picking.carrier_tracking_ref = number
        for move in picking.move_ids:
            if quantities is not None:
                move.quantity = quantities.get(move.product_id.default_code, 0)
            move.picked = bool(move.quantity)
        picking.with_context(skip_backorder=True).button_validate()
        return picking.backorder_ids

    def pack(self, picking, sku, quantity):
        """Put units of one product into a package of their own."""
        package = self.env["stock.package"].create({"name": f"BOX-{sku}-{quantity}"})
        move = picking.move_ids.filtered(lambda m: m.product_id.default_code == sku)
        rows = move.move_line_ids.filtered(lambda row: not row.result_package_id)
        row, rest = rows[0], rows[0].quantity - quantity
        if rest:
            row.copy({"quantity": rest, "picked": True})
        row.write({"quantity": quantity, "result_package_id": package.id})
        return package

    def due(self, shipments=None):
        """Let every waiting time pass."""
        self.account.write({"order_retry_at": False, "order_failure_count": 0})
        for shipment in shipments or self.account.order_ids.shipment_ids:
            shipment.next_attempt_at = False

    def tell(self):
        """Run the account's order action, without reading orders."""
        if self.account.state == "draft":
            self.account.action_go_live()
        self.account.write({"last_order_sync_at": fields.Datetime.now()})
        with self.crons() as env:
            self.account.with_env(env)._cron_orders()
