"""Enough of Odoo's JSON-2 API to be asked what it says."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "not-a-real-key"


class FakeOdoo:
    """Answers ``search_read`` and ``fields_get`` from ``records`` (model → list)."""

    def __init__(self):
        self.records = {
            "marketplace.account": [],
            "marketplace.site": [],
            "marketplace.listing": [],
            "product.product": [],
        }
        self.hidden_fields = {}
        self.calls = []
        self.broken = None  # (status, text) to answer instead
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, text = fake.answer(self.path, self.headers, json.loads(body))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(
            target=self.server.serve_forever, args=(0.02,), daemon=True
        ).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, headers, arguments):
        _, _, _, model, method = path.split("/")
        self.calls.append((model, method, headers.get("X-Odoo-Database"), arguments))
        if self.broken:
            return self.broken
        if headers.get("Authorization") != f"bearer {KEY}":
            return 401, json.dumps({"message": "Invalid apikey"})
        if model not in self.records:
            return 404, json.dumps({"message": f"the model {model!r} does not exist"})
        return 200, json.dumps(getattr(self, method)(model, **arguments))

    def fields_get(self, model, attributes):
        names = {name for record in self.records[model] for name in record}
        return {name: {} for name in names - set(self.hidden_fields.get(model, ()))}

    def search_read(self, model, domain, fields, limit=None):
        found = self.records[model]
        for name, _operator, values in domain:
            found = [r for r in found if first(r[name]) in values]
        keys = {"id", *fields}
        return [{k: v for k, v in r.items() if k in keys} for r in found][:limit]

    def add_account(self, number, channel, api_url, state="connected", sites=()):
        self.records["marketplace.account"].append(
            {
                "id": number,
                "name": f"Account {number}",
                "channel": channel,
                "api_url": api_url,
                "state": state,
            }
        )
        for site, code in sites:
            self.records["marketplace.site"].append(
                {
                    "id": site,
                    "code": code,
                    "name": f"Site {code}",
                    "account_id": [number, f"Account {number}"],
                }
            )

    def add_listing(self, account, site, sku, sellable, free=0.0, **values):
        channel = next(
            a["channel"]
            for a in self.records["marketplace.account"]
            if a["id"] == account
        )
        number = len(self.records["marketplace.listing"]) + 1
        product = values.pop("product", number)
        if product not in [p["id"] for p in self.records["product.product"]]:
            self.records["product.product"].append({"id": product, "free_qty": free})
        record = {
            "id": number,
            "sku": sku,
            "channel": channel,
            "account_id": [account, "A"],
            "site_id": [site, "S"],
            "product_id": [product, f"Product {product}"],
            "qty": float(sellable),
            "qty_source": "stock",
            "committed_qty": 0.0,
            "buffer_qty": 0.0,
            "sellable_qty": sellable,
            "published_qty": sellable,
            "sync_state": "synced",
            "last_error": False,
            "fulfilment": "merchant",
            "pool_key": False,
            "units_per_listing": 1,
        }
        self.records["marketplace.listing"].append({**record, **values})


def first(value):
    return value[0] if isinstance(value, list) else value
