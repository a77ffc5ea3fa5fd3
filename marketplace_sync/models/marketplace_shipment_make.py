"""From a delivery that is done to the parcels that its channels are told of.

What is told is derived from the moves: all whole units that have left so far, less
what earlier parcels tell. So a part of a pack, or of a kit, is told with the parcel
that completes it, and nothing is told twice.
"""

import logging
from collections import defaultdict
from fractions import Fraction

from odoo import api, models
from odoo.tools import SQL
from odoo.tools.float_utils import float_round

from ..engine.parcel import complete_sets, newly_whole, number_of

_logger = logging.getLogger(__name__)


class MarketplaceShipment(models.Model):
    _inherit = "marketplace.shipment"

    @api.model
    def _make_for(self, pickings):
        """Make the parcels of done deliveries that have none yet; return them."""
        made = self.browse()
        for picking in pickings:
            moves = picking.move_ids.filtered(lambda move: move._is_told())
            orders = moves.sale_line_id.marketplace_order_line_id.order_id
            known = self.search([("picking_id", "=", picking.id)]).order_id
            for order in (orders - known).filtered("account_id.tell_shipments"):
                made |= self._make_parcels(picking, order, moves)
        return made

    @api.model
    def _make_parcels(self, picking, order, moves):
        """Make the parcels of one delivery that hold goods of one order."""
        lines = moves.sale_line_id.marketplace_order_line_id
        lines = lines.filtered(lambda line: line.order_id == order)
        departed = {line: line._get_departed(without=picking) for line in lines}
        told = {line: line._get_told_units() for line in lines}
        parcels = _parcels(picking.move_line_ids)
        made = self.browse()
        for index, (package, contents) in enumerate(parcels):
            contents = contents.filtered(lambda row: row.move_id in moves)
            rows = []
            for line in lines:
                own = contents.filtered(
                    lambda ml, line=line: ml.move_id.sale_line_id in line.sale_line_ids
                )
                if not own:
                    continue
                line._add_departed(departed[line], own)
                units = line._get_new_units(departed[line], told[line])
                told[line] += units
                rows.append({"order_line_id": line.id, "units": units})
            if rows:
                made |= self._make_one(picking, order, package, index, rows)
        return made

    @api.model
    def _make_one(self, picking, order, package, index, rows):
        shipment = self.create(
            {
                "order_id": order.id,
                "picking_id": picking.id,
                "package_id": package.id,
                "parcel_index": index,
                "shipped_at": picking.date_done,
                "correlation_id": order.correlation_id,
                "line_ids": [(0, 0, row) for row in rows],
            }
        )
        shipment._take_carrier()
        if not shipment.units:
            shipment.write(shipment._get_incomplete_values())
        return shipment

    def _get_incomplete_values(self):
        return {
            "state": "not_applicable",
            "note": self.env._(
                "Nothing in this parcel is to be told. A part of a pack or kit is told "
                "with the parcel that completes it, and no more than was ordered."
            ),
        }

    # === CARRIER AND TRACKING ===

    def _take_carrier(self, may_clear=False):
        """Take carrier and tracking number over from the delivery.

        :param may_clear: a number that the delivery does not have (any more) goes too;
            else one that was typed at the parcel stays
        """
        for shipment in self.filtered("picking_id"):
            picking = shipment.picking_id
            number, url, note = shipment._read_tracking()
            values = shipment._get_carrier_values(picking.carrier_id)
            if number or may_clear:
                values.update(
                    tracking_number=number or False, tracking_url=url or False
                )
            values["carrier_id"] = picking.carrier_id.id
            if note:
                values["note"] = note
            shipment.write(values)

    def _read_tracking(self):
        """Return (number, address of the tracking page, remark) of the parcel."""
        picking, note = self.picking_id, ""
        text = (picking.carrier_tracking_ref or "").replace(";", ",")
        numbers = [number.strip() for number in text.split(",") if number.strip()]
        parcels = len(_parcels(picking.move_line_ids))
        if len(numbers) > 1 and len(numbers) != parcels:
            note = self.env._(
                "The delivery has %(numbers)s tracking numbers for %(parcels)s "
                "parcels.",
                numbers=len(numbers),
                parcels=parcels,
            )
        number = number_of(self.parcel_index, numbers)
        return number, self._get_tracking_url(number, len(numbers)), note

    def _get_tracking_url(self, number, count):
        """Return the carrier's page for one number, "" when it has none.

        The carrier's own module may fail at it: a parcel is told without then.
        """
        if not number:
            return ""
        picking = self.picking_id
        template = picking.carrier_id.tracking_url or ""
        try:
            if "<shipmenttrackingnumber>" in template:
                url = template.replace("<shipmenttrackingnumber>", number)
            elif listed := picking.get_multiple_carrier_tracking():
                url = dict(listed).get(number, "")
            else:
                url = picking.carrier_tracking_url if count == 1 else ""
        except Exception:
            _logger.exception("Delivery %s: no tracking page", picking.id)
            return ""
        return url if str(url).startswith(("http://", "https://")) else ""

    # === WHAT WAS MISSED ===

    @api.model
    def _find_untold_pickings(self, account):
        """Return done deliveries of the account's open orders that have no parcel:
        done while the addon was off, or before the order's lines were linked."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT m.picking_id
                  FROM marketplace_order o
                  JOIN marketplace_order_line l ON l.order_id = o.id
                  JOIN sale_order_line s ON s.marketplace_order_line_id = l.id
                  JOIN stock_move m ON m.sale_line_id = s.id
                  JOIN stock_location d ON d.id = m.location_dest_id
                  JOIN stock_location f ON f.id = m.location_id
                 WHERE o.account_id = %s
                   AND o.status IN ('pending', 'open')
                   AND m.state = 'done'
                   AND m.picking_id IS NOT NULL
                   AND m.origin_returned_move_id IS NULL
                   AND d.usage = 'customer'
                   AND f.usage != 'customer'
                   AND NOT EXISTS (SELECT FROM marketplace_shipment p
                                    WHERE p.picking_id = m.picking_id
                                      AND p.order_id = o.id)
                """,
                account.id,
            )
        )
        return self.env["stock.picking"].browse([row[0] for row in rows])

    @api.model
    def _complete_parts(self, account):
        """Tell what two deliveries completed at the same moment, each of which could
        not see the other: with the later parcel."""
        lines = self.env["marketplace.shipment.line"].search(
            [
                ("shipment_id.account_id", "=", account.id),
                ("shipment_id.state", "=", "not_applicable"),
                ("shipment_id.order_id.status", "in", ("pending", "open")),
                ("units", "=", 0),
            ],
            order="id desc",
        )
        for row in lines:
            line = row.order_line_id
            units = line._get_new_units(line._get_departed(), line._get_told_units())
            if units:
                row.units = units
                row.shipment_id.write({"state": "waiting", "note": False})


class MarketplaceOrderLine(models.Model):
    _inherit = "marketplace.order.line"

    def _get_told_units(self):
        """Return the listing units that parcels tell, those not to be told too."""
        rows = self.env["marketplace.shipment.line"].search(
            [("order_line_id", "=", self.id)]
        )
        return int(sum(rows.mapped("units")))

    def _get_departed(self, without=None):
        """Return what has left for good: {sale line: {product: its own units}}.

        :param without: a delivery to leave out
        """
        departed = defaultdict(lambda: defaultdict(Fraction))
        moves = self.sale_line_ids.move_ids.filtered(lambda move: move._is_told())
        if without:
            moves = moves.filtered(lambda move: move.picking_id != without)
        self._add_departed(departed, moves.move_line_ids)
        return departed

    def _add_departed(self, departed, move_lines):
        for row in move_lines:
            quantity = _exact(row.quantity_product_uom, row.product_id)
            departed[row.move_id.sale_line_id][row.product_id] += quantity

    def _get_new_units(self, departed, told):
        """Return the listing units that are whole now and not told yet: no more than
        were ordered, which is what the channel takes."""
        self.ensure_one()
        total = sum(line._get_complete_units(parts) for line, parts in departed.items())
        units = newly_whole(total, self.units_per_listing, told)
        if self.order_id.status == "cancelled" or not self.quantity:
            return units  # the channel's own words about it are what a person needs
        return max(0, min(units, int(self.quantity) - told))


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_complete_units(self, parts):
        """Return how many units of the line's product have left, in its own unit.

        A kit has left as far as all its components have. What one kit takes is read
        from the line's own moves, so no bill of materials is needed.

        :param parts: {product: quantity that has left, in its own unit}
        """
        self.ensure_one()
        needed = self._get_needed_parts()
        return complete_sets(parts, needed)

    def _get_needed_parts(self):
        """Return {product: quantity} that one unit of the line's product takes."""
        moves = self.move_ids.filtered(lambda move: move._is_for_customer())
        # The first moves of each chain: later ones may not exist yet.
        first = moves.filtered(lambda move: not move.move_orig_ids & self.move_ids)
        if not first or self.product_id in first.product_id:
            return {self.product_id: 1}
        uom = self.product_uom_id
        wanted = uom._compute_quantity(self.product_uom_qty, self.product_id.uom_id)
        demand = defaultdict(Fraction)
        for move in first:
            demand[move.product_id] += _exact(move.product_qty, move.product_id)
        wanted = _exact(wanted, self.product_id)
        return {part: quantity / wanted for part, quantity in demand.items() if wanted}


def _exact(quantity, product):
    """Return a quantity as the product's unit rounds it, without a float's dust."""
    rounding = product.uom_id.rounding or 0.01
    return Fraction(str(float_round(quantity, precision_rounding=rounding)))


def _parcels(move_lines):
    """Return [(package, what is in it)]; what has no package is one parcel, the last.

    Ordered by package, so that a parcel keeps its place.
    """
    packages = move_lines.result_package_id.sorted("id")
    found = [
        (p, move_lines.filtered(lambda ml, p=p: ml.result_package_id == p))
        for p in packages
    ]
    loose = move_lines.filtered(lambda row: not row.result_package_id)
    return [*found, (packages.browse(), loose)] if loose else found
