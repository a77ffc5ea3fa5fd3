"""What Odoo says: read over its JSON-2 API, for the page only.

Reading happens in a thread of its own, at most once a second, and only while
somebody looks at the page. No answer of a channel ever waits for it.
"""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

#: Seconds between two rounds of questions at least.
INTERVAL = 1.0
#: Accounts, sites and field names change rarely: asked again after (seconds).
REFERENCE_INTERVAL = 10.0
TIMEOUT = 10
#: More listings than a page can show.
LIMIT = 2000
FIELDS = (
    "sku channel site_id account_id product_id qty qty_source committed_qty buffer_qty "
    "sellable_qty published_qty sync_state last_error fulfilment pool_key "
    "units_per_listing"
).split()


class OdooError(Exception):
    """Odoo did not tell; the text is for the person who reads the page."""


@dataclass(frozen=True)
class OdooView:
    """What Odoo said last.

    :param state: ``off``, ``waiting``, ``ok`` or ``error``
    :param listings: ``{(channel, site code, sku): fields}``
    :param sites: ``{(channel, site code): site name}``
    :param at: when Odoo was asked, epoch seconds
    """

    state: str = "waiting"
    message: str = ""
    listings: dict = field(default_factory=dict)
    sites: dict = field(default_factory=dict)
    at: float = float("inf")


class OdooClient:
    """Calls ``POST /json/2/<model>/<method>`` with the key in a file."""

    def __init__(self, url, database, key_file, timeout=TIMEOUT):
        self.url = url.rstrip("/")
        self.database = database
        self.key_file = Path(key_file) if key_file else None
        self.timeout = timeout

    def call(self, model, method, **arguments):
        """Return what the method returns.

        :raises OdooError: no answer, or a refusal
        """
        headers = {"Content-Type": "application/json", **self._identity()}
        body = json.dumps(arguments)
        try:
            status, text = self._post(f"/json/2/{model}/{method}", body, headers)
        except (OSError, http.client.HTTPException) as error:
            reason = error.strerror if isinstance(error, OSError) else ""
            reason = (reason or str(error) or type(error).__name__).lower()
            raise OdooError(
                f"Odoo does not answer at {self.url} ({reason})."
            ) from error
        return self._result(status, text, model)

    def _post(self, path, body, headers):
        address = urlsplit(self.url)
        kind = http.client.HTTPConnection
        if address.scheme == "https":
            kind = http.client.HTTPSConnection
        wire = kind(address.netloc, timeout=self.timeout)
        try:
            wire.request("POST", address.path + path, body, headers)
            response = wire.getresponse()
            return response.status, response.read().decode("utf-8", "replace")
        finally:
            wire.close()

    def _identity(self):
        headers = {"X-Odoo-Database": self.database} if self.database else {}
        if self.key_file is None:
            raise OdooError(
                "No API key: start the simulator with --odoo-key-file FILE."
            )
        try:
            key = self.key_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise OdooError(f"The key file {self.key_file} cannot be read.") from None
        if not key or not key.isascii() or not key.isprintable():
            raise OdooError(f"The key file {self.key_file} holds no API key.")
        return {**headers, "Authorization": f"bearer {key}"}

    def _result(self, status, text, model):
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if status == 200 and answer is not None:
            return answer
        said = answer.get("message") if isinstance(answer, dict) else ""
        if status in (401, 403):
            raise OdooError(
                f"Odoo refuses the API key in {self.key_file}: {said or status}."
            )
        if status == 404:
            raise OdooError(
                f"{self.url} has no database {self.database!r} with {model}: is "
                "Marketplace Sync installed there?"
            )
        raise OdooError(f"Odoo answered {status} at {self.url}: {said or 'no JSON'}.")


class OdooWatch:
    """Keeps an :class:`OdooView` fresh while somebody looks.

    :param own_address: of the simulator; only accounts whose ``api_url`` points there
        are shown
    """

    def __init__(self, client, own_address, interval=INTERVAL):
        self.client = client
        self.own_address = own_address
        self.interval = interval
        self.view = OdooView(message=f"Asking Odoo at {client.url} …")
        self.wanted = threading.Event()
        self.closing = threading.Event()
        self.reference = None
        self.reference_age = 0.0

    def start(self):
        """Begin to listen for :meth:`look`."""
        threading.Thread(target=self._run, name="odoo", daemon=True).start()

    def close(self):
        """Stop asking."""
        self.closing.set()
        self.wanted.set()

    def look(self):
        """Return the latest view at once, and have a newer one fetched."""
        self.wanted.set()
        return self.view

    def _run(self):
        while not self.closing.is_set():
            self.wanted.wait()
            self.wanted.clear()
            self.refresh()
            self.closing.wait(self.interval)

    def refresh(self):
        """Ask Odoo now; the view keeps its last numbers when Odoo is silent."""
        try:
            self.view = self._ask()
        except OdooError as error:
            self._complain(str(error))
        except Exception as error:  # an answer of a shape nobody thought of
            self._complain(f"Odoo's answer was not understood: {error!r}.")

    def _complain(self, message):
        self.reference = None
        self.view = OdooView("error", message, self.view.listings, self.view.sites)

    def _ask(self):
        at = time.time()
        known, accounts, sites = self._reference()
        ours = {a: account for a, account in accounts.items() if self._is_ours(account)}
        if not ours:
            return OdooView("ok", self._nobody(accounts))
        records = self._search(
            "marketplace.listing", [["account_id", "in", list(ours)]], known, LIMIT
        )
        free = self._free([r["product_id"][0] for r in records if r.get("product_id")])
        listings = {}
        for record in records:
            listing = describe(record, ours, sites, free)
            listings[listing["channel"], listing["site"], listing["sku"]] = listing
        names = {
            (ours[s["account"]]["channel"], s["code"]): s["name"]
            for s in sites.values()
            if s["account"] in ours
        }
        return OdooView("ok", self._remark(ours, records), listings, names, at)

    def _reference(self):
        if (
            self.reference
            and time.monotonic() - self.reference_age < REFERENCE_INTERVAL
        ):
            return self.reference
        known = self._known_fields("marketplace.listing", FIELDS)
        fields = ("name", "channel", "api_url", "state")
        fields = self._known_fields("marketplace.account", fields)
        accounts = self._search("marketplace.account", [], fields)
        sites = self._search("marketplace.site", [], ["name", "code", "account_id"])
        sites = {
            s["id"]: {**s, "account": s["account_id"] and s["account_id"][0]}
            for s in sites
        }
        self.reference = (known, {a["id"]: a for a in accounts}, sites)
        self.reference_age = time.monotonic()
        return self.reference

    def _known_fields(self, model, wanted):
        """Return those of ``wanted`` that this version has and this user may read."""
        there = self.client.call(model, "fields_get", attributes=["type"])
        return [name for name in wanted if name in there]

    def _search(self, model, domain, fields, limit=None):
        more = {"limit": limit} if limit else {}
        return self.client.call(
            model, "search_read", domain=domain, fields=list(fields), **more
        )

    def _free(self, ids):
        """Return free stock by product; {} for a user who may not see stock."""
        try:
            domain = [["id", "in", sorted(set(ids))]]
            found = self._search("product.product", domain, ["free_qty"])
        except OdooError:
            return {}
        return {product["id"]: product.get("free_qty") for product in found}

    def _is_ours(self, account):
        """An account whose ``api_url`` cannot be read is taken for one of ours."""
        if "api_url" not in account:
            return True
        theirs, ours = urlsplit(account["api_url"] or ""), urlsplit(self.own_address)
        local = theirs.hostname in ("127.0.0.1", "localhost", ours.hostname)
        return local and theirs.port == ours.port

    def _nobody(self, accounts):
        return (
            "Odoo has no marketplace account yet."
            if not accounts
            else "No account in Odoo points here: tick Test account and set its API "
            f"address to {self.own_address}/<channel>."
        )

    def _remark(self, accounts, records):
        waiting = [a["name"] for a in accounts.values() if a.get("state") == "draft"]
        if waiting:
            return f"Not live yet, so nothing is sent: {', '.join(waiting)}."
        if len(records) == LIMIT:
            return f"Odoo has more listings; the first {LIMIT} are compared."
        return ""


def describe(record, accounts, sites, free):
    """Return what the page needs of one ``marketplace.listing``."""
    account = accounts.get(record["account_id"][0], {})
    site = sites.get(record["site_id"][0] if record.get("site_id") else None, {})
    product = record.get("product_id") or [None, ""]
    return {
        **{name: record.get(name) for name in FIELDS},
        "channel": record.get("channel") or account.get("channel"),
        "site": site.get("code") or "",
        "product": product[1],
        "free": free.get(product[0]),
        "account_state": account.get("state", ""),
    }
