"""Shipments: made with a sale, read in the new format, told by the seller or by us."""

import copy
from datetime import datetime, timezone

from .core import Response
from .mercadolibre_errors import ACCESS_DENIED, Refused, refuse, refuse_with
from .mercadolibre_shop import COUNTRIES

#: [status-de-pedidos-rastreamento, 20/08/2026]
ME1_SERVICES = {
    "MLB": 11,
    "MLA": 154,
    "MLM": 231876,
    "MLC": 282578,
    "MCO": 282579,
    "MLU": 282604,
    "MPE": 361180,
}
ME1_STATES = ("shipped", "delivered", "not_delivered")
FINAL = ("delivered", "not_delivered", "cancelled")
#: Seconds from a sale to the latest dispatch.
HANDLING = 86_400
HIDDEN = "XXXXXXX"


def iso(seconds):
    """Return a moment as orders and shipments show it, in the zone -04:00."""
    shown = datetime.fromtimestamp(seconds - 4 * 3600, timezone.utc)
    return f"{shown:%Y-%m-%dT%H:%M:%S}.000-04:00"


def zulu(seconds):
    """Return a moment as notifications show it, with milliseconds."""
    shown = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{shown:%Y-%m-%dT%H:%M:%S}.{shown.microsecond // 1000:03d}Z"


def seconds_of(text):
    """Return what :func:`iso` or :func:`zulu` shows; refused when it is no moment."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp()
    except ValueError:
        refuse(400, "Invalid date")


class Parcels:
    """Handlers; callers hold the channel's lock.

    :param tell: ``tell(topic, resource)`` sends a notification
    """

    def __init__(self, shop, clock, tell):
        self.shop = shop
        self.clock = clock
        self.tell = tell

    @property
    def all(self):
        return self.shop.state["shipments"]

    # --- making ----------------------------------------------------------------------
    def make(self, orders, options, node):
        """Make the shipment of some orders; return its id."""
        number = self.shop.next_sale_number()
        now, mode = self.clock(), options.get("mode", "me2")
        body = {
            "id": number,
            "status": "pending" if mode != "me2" else "ready_to_ship",
            "substatus": None if mode != "me2" else "ready_to_print",
            "date_created": iso(now),
            "last_updated": iso(now),
            "declared_value": sum(order["total_amount"] for order in orders),
            "dimensions": None,
            "items_types": ["new"],
            "tags": ["test_shipment"],
            "source": {"site_id": self.shop.seller["site_id"], "market_place": "MELI"},
            "logistic": {
                "direction": "forward",
                "mode": mode,
                "type": options.get("logistic_type"),
            },
            "origin": self._origin(node),
            "destination": self._destination(orders[0]["buyer"]["id"], options),
            "lead_time": self._lead_time(orders[0]["currency_id"], options),
            "tracking_number": f"MEL{number}FMXDF01" if mode == "me2" else None,
            "tracking_method": None,
            "external_reference": None,
        }
        ids = [str(order["id"]) for order in orders]
        self.all[str(number)] = {"body": body, "orders": ids, "returns": []}
        return number

    def _origin(self, node):
        place = {"address_line": HIDDEN, "node": {"node_id": node} if node else None}
        sender = self.shop.seller["id"]
        return {"node": node, "sender_id": sender, "shipping_address": place}

    def _destination(self, buyer, options):
        country = COUNTRIES[self.shop.seller["site_id"]]
        phone = options.get("phone") if options.get("mode") == "me1" else HIDDEN
        place = {
            "address_line": "Calle Falsa 123",
            "street_name": "Calle Falsa",
            "street_number": "123",
            "comment": "Timbre 2",
            "zip_code": options.get("zip_code", "01000"),
            "city": {"id": "X", "name": options.get("city", "Ciudad de Prueba")},
            "state": {"id": f"{country}-DIF", "name": "Distrito de Prueba"},
            "neighborhood": {"id": None, "name": "Centro"},
            "country": {"id": country, "name": country},
        }
        return {
            "receiver_id": buyer,
            "receiver_name": options.get("name", "Comprador de Prueba"),
            "receiver_phone": phone,
            "comments": None,
            "shipping_address": place,
        }

    @staticmethod
    def _lead_time(currency, options):
        cost = options.get("shipping_cost", 0)
        return {
            "cost": cost,
            "list_cost": cost or 99.9,
            "cost_type": "charged" if cost else "free",
            "currency_id": currency,
            "service_id": 831,
            "option_id": 1,
            "delivery_type": "estimated",
            "shipping_method": {
                "id": 510545,
                "name": "Normal",
                "type": "standard",
                "deliver_to": "address",
            },
            "buffering": {"date": None},
        }

    # --- reading ---------------------------------------------------------------------
    def get(self, shipment_id, headers):
        """One shipment; the address is hidden until the sale is paid."""
        need_header(headers, "x-format-new")
        parcel = self._known(shipment_id)
        body = copy.deepcopy(parcel["body"])
        orders = [self.shop.state["orders"][order_id] for order_id in parcel["orders"]]
        if not any(order["status"] not in UNPAID for order in orders):
            hide(body["destination"])
        return Response(200, body)

    def _known(self, shipment_id):
        parcel = self.all.get(shipment_id)
        if parcel is None:
            refuse(
                404, f"Not found shipment id: {shipment_id}", "not_found_shipping_id"
            )
        if parcel.get("foreign"):
            refuse_with(403, ACCESS_DENIED)
        return parcel

    def orders_of(self, shipment_id, headers):
        """The orders in a shipment, ids as texts."""
        need_header(headers, "x-new-domain")
        parcel = self._known(shipment_id)
        orders = [self.shop.state["orders"][order_id] for order_id in parcel["orders"]]
        rows = [self._row(order) for order in orders] + parcel.get("others", [])
        return Response(200, rows) if rows else Response(204)

    def _row(self, order):
        (line,) = order["order_items"]
        pack = order["pack_id"]
        return {
            "order_id": str(order["id"]),
            "pack_id": str(pack) if pack else None,
            "item_id": line["item"]["id"],
            "variation_id": line["item"]["variation_id"],
            "user_product_id": line["item"]["user_product_id"],
            "seller_id": self.shop.seller["id"],
            "requested_quantity": line["quantity"],
        }

    def of_order(self, order, headers):
        """The hosted view: always an array; returns stand in it too, before ours."""
        need_header(headers, "x-new-domain")
        found = [
            parcel
            for parcel in self.all.values()
            if str(order["id"]) in parcel["orders"]
        ]
        rows = []
        for parcel in found:
            rows += [{"id": number, "type": "return"} for number in parcel["returns"]]
            rows.append({"id": parcel["body"]["id"], "type": "forward"})
        return Response(200, rows) if rows else Response(204)

    def sla(self, shipment_id):
        """The latest dispatch; none for Full and cancelled shipments."""
        body = self._known(shipment_id)["body"]
        if body["logistic"]["type"] == "fulfillment" or body["status"] == "cancelled":
            refuse(404, "SLA not found", "not_found")
        expected = seconds_of(body["date_created"]) + HANDLING
        status = {"status": "on_time", "service": "xd_same_day"}
        dates = {"expected_date": iso(expected), "last_updated": body["last_updated"]}
        return Response(200, {**status, **dates})

    # --- told by the seller ----------------------------------------------------------
    def notify(self, shipment_id, body):
        """ME1: ``POST /v2/shipments/{id}/seller_notifications``."""
        shipment = self._known(shipment_id)["body"]
        if shipment["logistic"]["mode"] != "me1":
            self._refuse_v2("shipment_mode_is_not_me1", "Shipment mode is not ME1")
        payload = body.get("payload") if isinstance(body, dict) else None
        if not isinstance(payload, dict):
            self._refuse_v2("invalid_seller_json_format", "Invalid json format")
        self._check_v2(shipment, body, payload)
        if body.get("tracking_number"):
            shipment["tracking_number"] = body["tracking_number"]
            shipment["tracking_url"] = body["tracking_url"]
        self.move(shipment_id, body["status"], body["substatus"])
        return Response(200, {"status": "OK"})

    def _check_v2(self, shipment, body, payload):
        site = shipment["source"]["site_id"]
        both = {bool(body.get("tracking_number")), bool(body.get("tracking_url"))}
        wrong = (
            payload.get("service_id") != ME1_SERVICES.get(site)
            or "substatus" not in body
            or "date" not in payload
            or len(both) != 1
        )
        if wrong:
            self._refuse_v2("validation_error", "error message")
        if body.get("status") not in ME1_STATES or body["substatus"] == "null":
            self._refuse_v2("bad_request", "Status-substatus not allowed", 403)
        if seconds_of(payload["date"]) < seconds_of(shipment["date_created"]):
            text = "Date value predates the shipment"
            self._refuse_v2("event_date_before_shipment_creation_date", text)
        if shipment["status"] in FINAL:
            self._refuse_v2("bad_request", "Status-substatus not allowed", 403)

    def _refuse_v2(self, code, message, status=400):
        body = {
            "status_code": status,
            "error_code": code,
            "message": message,
            "timestamp": zulu(self.clock()),
            "request_id": "fake-request-id",
        }
        raise Refused(Response(status, body))

    def put(self, shipment_id, body):
        """Custom: ``PUT /shipments/{id}``; a number is wanted to become ``shipped``."""
        shipment = self._known(shipment_id)["body"]
        if shipment["logistic"]["mode"] != "custom" or not isinstance(body, dict):
            refuse(400, "Shipment mode is not custom")
        if body.get("receiver_id") != shipment["destination"]["receiver_id"]:
            refuse(400, "receiver_id is invalid")
        if body.get("status") == "shipped" and not body.get("tracking_number"):
            refuse(400, "tracking_number is required")
        shipment["tracking_number"] = body.get(
            "tracking_number", shipment["tracking_number"]
        )
        self.move(shipment_id, body.get("status", shipment["status"]), None)
        return Response(200, {})

    # --- told by Mercado Libre -------------------------------------------------------
    def move(self, shipment_id, status, substatus=None):
        """Give a shipment another state, as scans on its way do."""
        parcel = self.all[shipment_id]
        shipment = parcel["body"]
        shipment.update(status=status, substatus=substatus)
        shipment["last_updated"] = iso(self.clock())
        for order_id in parcel["orders"]:
            order = self.shop.state["orders"][order_id]
            if status == "delivered":
                order["tags"] = [t for t in order["tags"] if t != "not_delivered"]
                order["tags"].append("delivered")
        self.tell("shipments", f"/shipments/{shipment_id}")


#: Orders in these states do not show their buyer's address.
UNPAID = ("confirmed", "payment_required", "payment_in_process", "partially_paid")


def hide(destination):
    """Mask who and where."""
    place = destination["shipping_address"]
    for name in ("address_line", "street_name", "street_number", "comment", "zip_code"):
        place[name] = HIDDEN
    destination["receiver_name"] = HIDDEN


def need_header(headers, name):
    """Refuse a call of the retired views. How they are refused is not documented."""
    if headers.get(name) != "true":
        refuse(400, f"header {name} is required")
