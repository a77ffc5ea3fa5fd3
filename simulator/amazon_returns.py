"""What buyers send back to the simulated Amazon's own warehouses.

``return_goods`` lets units of an FBA order come back; GET_FBA_FULFILLMENT_CUSTOMER_
RETURNS_DATA tells it. Seed: ``fba_returns``, rows ``{column: text}`` as they stand in
the file (``return-date`` in epoch seconds), and the settings ``returns_renamed``
{old: new column, "" = gone} and ``returns_added`` [columns].
"""

from .amazon_const import MARKETPLACES
from .amazon_dates import iso

RETURNS_REPORT = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
RETURN_COLUMNS = (
    "return-date",
    "order-id",
    "sku",
    "asin",
    "fnsku",
    "product-name",
    "quantity",
    "fulfillment-center-id",
    "detailed-disposition",
    "reason",
    "status",
    "license-plate-number",
    "customer-comments",
)
#: Disposition → bucket of ``fba`` that the units are counted in; Sellable: the shelf's.
BUCKETS = {
    "Customer Damaged": "customerDamagedQuantity",
    "Defective": "defectiveQuantity",
    "Carrier Damaged": "carrierDamagedQuantity",
    "Warehouse Damaged": "warehouseDamagedQuantity",
    "Distributor Damaged": "distributorDamagedQuantity",
    "Expired": "expiredQuantity",
}
SELLABLE = "Sellable"


class Returns:
    """Goods that come back, and the report that tells them."""

    def return_goods(
        self,
        order_id,
        sku=None,
        quantity=1,
        disposition=SELLABLE,
        reason="UNWANTED_ITEM",
        status="Unit returned to inventory",
        comments="",
        plate=None,
    ):
        """Let units of an FBA order come back; return the license plate.

        :param plate: "" = Amazon names none; None = a new one
        :raises ValueError: nothing of it can come back
        """
        with self.lock:
            order = self.order(order_id)
            item = self._returnable(order, sku, quantity)
            if disposition != SELLABLE and disposition not in BUCKETS:
                raise ValueError(f"Amazon knows no disposition {disposition!r}")
            plate = self.number("LPNSIM") if plate is None else plate
            item["returned"] = item.get("returned", 0) + quantity
            self._put_away(item["sku"], quantity, disposition)
            self._note_return(
                {
                    "return-date": self.clock(),
                    "order-id": order_id,
                    "sku": item["sku"],
                    "asin": item["asin"],
                    "fnsku": f"X0{item['asin'][2:]}",
                    "product-name": item["title"],
                    "quantity": str(quantity),
                    "fulfillment-center-id": "SIM1",
                    "detailed-disposition": disposition,
                    "reason": reason,
                    "status": status,
                    "license-plate-number": plate,
                    "customer-comments": comments,
                    "site": order["site"],
                }
            )
            return plate

    def _returnable(self, order, sku, quantity):
        if order["fulfilled_by"] != "AMAZON":
            raise ValueError("the seller shipped this order: it comes back to him")
        for item in order["items"]:
            if sku in (None, item["sku"]) and units_out(item) >= quantity:
                return item
        raise ValueError(f"{quantity} of this order are not with the buyer")

    def _put_away(self, sku, quantity, disposition):
        listing = self.listing(sku)
        if listing is None:
            return
        if disposition == SELLABLE:
            listing["quantity"] = (listing["quantity"] or 0) + quantity
        else:
            held = listing.setdefault("fba", {})
            bucket = BUCKETS[disposition]
            held[bucket] = held.get(bucket, 0) + quantity
        listing["updated_at"] = self.clock()

    def _note_return(self, row):
        self.state.setdefault("fba_returns", []).append(row)

    def returns_table(self, report):
        """Return the lines of a report, None when nothing is to be told: then Amazon
        makes no report at all."""
        (site,) = report["marketplaceIds"]
        since, until = report["since"], report["until"]
        rows = [
            row
            for row in self.state.get("fba_returns", ())
            if row.get("site", site) == site and since <= row["return-date"] <= until
        ]
        if not rows:
            return None
        renamed, added = self.setting("returns_renamed"), self.setting("returns_added")
        columns = [c for c in RETURN_COLUMNS if renamed.get(c) != ""]
        language = report["locale"] or MARKETPLACES[site][3]
        headers = localized([renamed.get(c, c) for c in columns] + added, language)
        cells = [[_cell(row, c) for c in columns] + ["?"] * len(added) for row in rows]
        return [headers, *cells]


def localized(columns, language):
    """Return the headers: English, or in the marketplace's language unless asked."""
    if language.startswith("en_"):
        return columns
    return [f"{column} [{language}]" for column in columns]


def units_out(item):
    """Return the units of an order's item that the buyer has."""
    return item["shipped"] - item.get("returned", 0)


def _cell(row, column):
    value = row.get(column, "")
    if column == "return-date":
        # the offset is written out
        return iso(value).replace("Z", "+00:00")
    return str(value).replace("\t", " ")
