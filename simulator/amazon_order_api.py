"""Orders API of the simulated Amazon: 2026-01-01 for reading, v0 for shipments."""

import uuid
from datetime import datetime, timezone

from .amazon_const import PAGE_TOKEN_SECONDS
from .amazon_dates import iso
from .amazon_listings import csv
from .amazon_order_view import order_view, status_of, units_left
from .core import Response

PARTS = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)
PERSONAL = {"BUYER", "RECIPIENT"}
TIMES = ("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore")
PACKAGE_FIELDS = ("packageReferenceId", "carrierCode", "trackingNumber", "shipDate")


class OrdersApi:
    """searchOrders, getOrder, confirmShipment."""

    # --- reading ------------------------------------------------------------------
    def on_searchOrders(self, request):
        """Answer with a page of orders."""
        parts = self._order_parts(request)
        size = self._order_page_size(request)
        token = one(request, "paginationToken")
        page = self._known_page(request, token) if token else self._new_page(request)
        ids, rest = page["ids"][:size], page["ids"][size:]
        tax = self.tax_settings()
        body = {
            "orders": [order_view(self.order(id_), parts, tax) for id_ in ids],
            page["before_name"]: iso(page["before"]),
        }
        if rest:
            body["pagination"] = {"nextToken": self._remember({**page, "ids": rest})}
        return Response(200, body)

    def _new_page(self, request):
        times = {name: self._time(request, name) for name in TIMES}
        kinds = [name for name in ("created", "lastUpdated") if times[f"{name}After"]]
        if len(kinds) != 1:
            raise self.invalid(
                "Provide exactly one of 'createdAfter' and 'lastUpdatedAfter'."
            )
        kind = kinds[0]
        other = "created" if kind == "lastUpdated" else "lastUpdated"
        if times[f"{other}Before"]:
            raise self.invalid(f"'{other}Before' may not be provided.")
        latest = self.clock() - self.setting("search_lag")
        before = times[f"{kind}Before"]
        if before and before > latest:
            raise self.invalid(
                f"'{kind}Before' must be at least two minutes before the request."
            )
        before = before or latest
        after = times[f"{kind}After"]
        if after > before:
            raise self.invalid(f"'{kind}After' is too late.")
        name = "created_at" if kind == "created" else "updated_at"
        return {
            "ids": self._matching(request, name, after, before),
            "before": before,
            "before_name": f"{kind}Before",
            "query": _filters(request),
            "at": self.clock(),
        }

    def _matching(self, request, name, after, before):
        sites = csv(request, "marketplaceIds")
        if sites:
            self.check_marketplaces(sites, maximum=50)
        statuses = csv(request, "fulfillmentStatuses")
        makers = csv(request, "fulfilledBy")
        found = [
            order
            for order in self.state["orders"].values()
            # times are told in whole seconds
            if after <= int(order[name])
            and order[name] <= before
            and (not sites or order["site"] in sites)
            and (not statuses or status_of(order) in statuses)
            and (not makers or order["fulfilled_by"] in makers)
        ]
        return [order["id"] for order in sorted(found, key=lambda o: o[name])]

    def _known_page(self, request, token):
        page = self.state["order_pages"].get(token)
        if page is None or self.clock() - page["at"] > PAGE_TOKEN_SECONDS:
            raise self.invalid("Invalid 'paginationToken'.")
        if page["query"] != _filters(request):
            raise self.invalid("The parameters differ from those of the first page.")
        return page

    def _remember(self, page):
        token = uuid.uuid4().hex
        pages = self.state["order_pages"]
        old = [t for t, p in pages.items() if self.clock() - p["at"] > 2 * 86400]
        for name in old:
            del pages[name]
        pages[token] = page
        return token

    def _time(self, request, name):
        text = one(request, name)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            raise self.invalid(f"'{name}' is not an ISO 8601 time.") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.timestamp()

    def _order_page_size(self, request):
        text = one(request, "maxResultsPerPage") or "100"
        if not text.isdigit() or not 1 <= int(text) <= 100:
            raise self.invalid("'maxResultsPerPage' must be between 1 and 100.")
        return int(text)

    def _order_parts(self, request):
        parts = csv(request, "includedData")
        unknown = [part for part in parts if part not in PARTS]
        if unknown:
            raise self.invalid(f"Invalid 'includedData': {unknown[0]}")
        if PERSONAL & set(parts) and "pii" not in self.setting("roles"):
            return self._without_personal(parts)
        return parts

    def _without_personal(self, parts):
        refusal = self.setting("pii_refusal")
        if refusal == 403:
            raise self.denied()
        if refusal == 400:
            raise self.invalid("Invalid input.")
        return [part for part in parts if part not in PERSONAL]

    def on_getOrder(self, request, order_id):
        """Answer with one order."""
        parts = self._order_parts(request)
        order = self._found_order(order_id)
        return Response(200, {"order": order_view(order, parts, self.tax_settings())})

    def _found_order(self, order_id):
        if order_id not in self.state["orders"]:
            raise self.missing(f"The order {order_id} was not found.")
        return self.order(order_id)

    def tax_settings(self):
        """Return how tax is reckoned."""
        names = ("rate", "mode", "collected")
        tax = {name: self.setting(f"tax_{name}") for name in names}
        return {**tax, "negative_discounts": self.setting("negative_discounts")}

    # --- shipments ----------------------------------------------------------------
    def on_confirmShipment(self, request, order_id):
        """Take a shipment; the same reference changes the same package."""
        body = request.json() if isinstance(request.json(), dict) else {}
        order = self._found_order(order_id)
        package = self._checked_package(body, order)
        items = {row["orderItemId"]: row["quantity"] for row in package["orderItems"]}
        reference = package["packageReferenceId"]
        self._check_units(order, reference, items)
        if request.fault and request.fault.kind == "ignore":
            return Response(204)
        known = order["packages"].get(reference, {})
        shipped = {
            "carrier": package.get("carrierName") or package["carrierCode"],
            "tracking": package["trackingNumber"],
            "service": package.get("shippingMethod", ""),
            "items": items,
        }
        if {name: known.get(name) for name in shipped} != shipped:
            self.add_package(order, reference, shipped)
        return Response(204)

    def _checked_package(self, body, order):
        package = body.get("packageDetail")
        if body.get("marketplaceId") != order["site"] or not isinstance(package, dict):
            raise self.invalid("Invalid 'marketplaceId' or 'packageDetail'.")
        for name in PACKAGE_FIELDS:
            if not isinstance(package.get(name), str) or not package[name]:
                raise self.invalid(
                    "The input you have submitted is not valid. Please check the "
                    f"fields with invalid type [packageDetail.{name}]."
                )
        reference = package["packageReferenceId"]
        if not reference.isdigit() or int(reference) < 1:
            raise self.invalid(
                "PackageReferenceId: is invalid, must be a positive numeric value."
            )
        if package["carrierCode"] == "Other" and not package.get("carrierName"):
            raise self.invalid("'carrierName' is required when 'carrierCode' is Other.")
        if not package.get("orderItems"):
            raise self.invalid("'orderItems' is required.")
        return package

    def _check_units(self, order, reference, items):
        """Refuse units that are not there to be shipped."""
        known = order["packages"].get(reference, {"items": {}})["items"]
        if not known and status_of(order) not in ("UNSHIPPED", "PARTIALLY_SHIPPED"):
            raise self.invalid(
                "Failed to create package due to not finding a matching package or "
                "order already fulfilled."
            )
        own = {item["id"]: item for item in order["items"]}
        for item_id, quantity in items.items():
            if item_id not in own:
                raise self.invalid("OrderItemId is invalid.")
            left = units_left(own[item_id]) + known.get(item_id, 0)
            if not isinstance(quantity, int) or not 1 <= quantity <= left:
                raise self.invalid(f"The quantity of {item_id} is invalid.")


def one(request, name):
    """Return the first value of a parameter, "" when absent."""
    return (request.query.get(name) or [""])[0]


def _filters(request):
    """Return the parameters that all pages of a search must share."""
    return {n: v for n, v in request.query.items() if n != "paginationToken"}
