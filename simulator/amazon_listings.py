"""Listings Items API 2021-08-01 of the simulated Amazon, and its shelf."""

import base64
import hashlib

from .amazon_const import (
    DEFAULT_SITE,
    MARKETPLACES,
    MAX_PAGE,
    SEARCH_CAP,
)
from .amazon_dates import iso
from .amazon_patches import change_issues, issue, patch_problem, quantity_changes
from .core import Response, ShelfRow

PARTS = (
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
)


class Listings:
    """What the seller has on Amazon: one counter per SKU, a row per marketplace."""

    # --- state --------------------------------------------------------------------
    def seed_listing(self, spec):
        """Add or replace a listing; naming another site adds it there, too."""
        sku = spec["sku"]
        sites = spec.get("sites") or [spec.get("site") or DEFAULT_SITE]
        known = self.state["listings"].get(sku, {})
        for site in sites:
            if site not in self.state["sites"]:
                self._seed_site(site)
        now = self.clock()
        listing = {
            "sku": sku,
            "title": sku,
            "sites": [],
            "product_type": "PRODUCT",
            "asin": "B0" + hashlib.sha256(sku.encode()).hexdigest()[:8].upper(),
            "price": 10.0,
            "fulfilment": "merchant",
            "quantity": 0,
            "supply_sources": {},
            "lead_time_days": None,
            "issues": [],
            "note": "",
            "created_at": now,
            "updated_at": now,
            **known,
            **{name: spec[name] for name in SEEDED if name in spec},
        }
        listing["sites"] = list(dict.fromkeys([*listing["sites"], *sites]))
        # what was submitted, as the attributes echo it before it is applied
        listing["echo"] = listing["quantity"]
        listing["pending"] = []
        self.state["listings"][sku] = listing

    def listing(self, sku):
        """Return a listing as it is now, None when there is none."""
        listing = self.state["listings"].get(sku)
        if listing:
            self.settle(listing, self.clock())
        return listing

    def settle(self, listing, now):
        """Apply the accepted changes that are due."""
        while listing["pending"] and listing["pending"][0]["at"] <= now:
            change = listing["pending"].pop(0)
            self.apply(listing, change, change["at"])

    def apply(self, listing, change, at):
        """Change a listing: ``op`` and ``value`` of a patch.

        A DEFAULT quantity on a SKU that Amazon ships does the harm that Amazon's
        changelog describes: the SKU becomes the seller's, the stock is stranded.
        """
        value = change["value"]
        if listing["fulfilment"] == "channel":
            listing["note"] = f"{listing['quantity']} units stranded at Amazon"
            listing["status"] = "converted to merchant"
            listing["fulfilment"] = "merchant"
        if listing["supply_sources"]:
            listing["note"] = "DEFAULT was set beside the supply sources"
        if change["op"] == "delete":
            listing["quantity"] = None
        else:
            listing["quantity"] = value.get("quantity", listing["quantity"])
        wipes = change["op"] in ("replace", "add")
        if "lead_time_to_ship_max_days" in value or wipes:
            listing["lead_time_days"] = value.get("lead_time_to_ship_max_days")
        listing["updated_at"] = at

    def submit(self, listing, change, delay=0.0):
        """Let a change take effect a little later, never before an earlier one."""
        at = self.clock() + self.setting("latency") + delay
        listing["pending"].append({**change, "at": at})
        listing["echo"] = change["value"].get("quantity", listing["echo"])

    def set_quantity(self, site, sku, quantity):
        listing = self.listing(sku)
        if listing is None or (site and site not in listing["sites"]):
            raise LookupError(f"no listing {sku!r} on {site}")
        if listing["fulfilment"] == "channel":
            raise ValueError("Amazon counts this stock itself")
        if listing["supply_sources"]:
            raise ValueError("this stock is kept by supply source")
        listing.update(quantity=quantity, echo=quantity, updated_at=self.clock())

    def shelf(self):
        self.advance()
        rows = []
        for sku in self.state["listings"]:
            listing = self.listing(sku)
            rows += [self._shelf_row(listing, site) for site in listing["sites"]]
        return rows

    def _shelf_row(self, listing, site):
        return ShelfRow(
            channel=self.name,
            site=site,
            site_name=MARKETPLACES[site][0],
            sku=listing["sku"],
            title=listing["title"],
            quantity=buyable(listing),
            fulfilment=listing["fulfilment"],
            status=listing.get("status") or status_of(listing),
            updated_at=listing["updated_at"],
            note=listing["note"],
            lead_time_days=listing["lead_time_days"],
        )

    # --- reading ------------------------------------------------------------------
    def on_getListingsItem(self, request, seller_id, sku):
        """Answer with one listing."""
        sites, parts = self._read_parameters(request, seller_id)
        listing = self.listing(sku)
        if listing is None or not set(sites) & set(listing["sites"]):
            raise self.missing(f"SKU '{sku}' not found in marketplace {sites[0]}.")
        return Response(200, self.item(listing, sites, parts))

    def on_searchListingsItems(self, request, seller_id):
        """Answer with a page of listings."""
        sites, parts = self._read_parameters(request, seller_id)
        size = self._page_size(request)
        found = self._found(request, sites)
        start = self._page_start(request)
        end = min(start + size, SEARCH_CAP)
        items = [self.item(self.listing(sku), sites, parts) for sku in found[start:end]]
        body = {"numberOfResults": len(found), "items": items}
        if end < min(len(found), SEARCH_CAP):
            body["pagination"] = {"nextToken": _page_token(end)}
        return Response(200, body)

    def _read_parameters(self, request, seller_id):
        self.check_seller(seller_id)
        sites = csv(request, "marketplaceIds")
        self.check_marketplaces(sites)
        parts = csv(request, "includedData") or ["summaries"]
        unknown = [part for part in parts if part not in PARTS]
        if unknown:
            raise self.invalid(f"Invalid 'includedData': {unknown[0]}")
        return sites, parts

    def _page_size(self, request):
        text = (csv(request, "pageSize") or ["10"])[0]
        if not text.isdigit() or not 1 <= int(text) <= MAX_PAGE:
            raise self.invalid(f"'pageSize' must be at most {MAX_PAGE}.")
        return int(text)

    def _page_start(self, request):
        token = (csv(request, "pageToken") or [""])[0]
        try:
            return int(base64.urlsafe_b64decode(token)) if token else 0
        except ValueError:
            raise self.invalid("Invalid 'pageToken'.") from None

    def _found(self, request, sites):
        """Return the SKUs of a search. A comma in a SKU splits it, as any CSV."""
        listings = self.state["listings"]
        identifiers = csv(request, "identifiers")
        self._check_identifiers(request, identifiers)
        candidates = dict.fromkeys(identifiers) if identifiers else listings
        found = [
            sku
            for sku in candidates
            if sku in listings and set(sites) & set(listings[sku]["sites"])
        ]
        if csv(request, "sortBy") == ["sku"]:
            found.sort(reverse=csv(request, "sortOrder") != ["ASC"])
        return found

    def _check_identifiers(self, request, identifiers):
        if len(identifiers) > MAX_PAGE:
            raise self.invalid(f"At most {MAX_PAGE} 'identifiers' are allowed.")
        if identifiers and csv(request, "identifiersType") != ["SKU"]:
            raise self.invalid("'identifiersType' is required with 'identifiers'.")

    def item(self, listing, sites, parts):
        """Return an ``Item`` with the parts asked for."""
        sites = [site for site in sites if site in listing["sites"]]
        makers = {
            "summaries": lambda: [self._summary(listing, site) for site in sites],
            "attributes": lambda: {"fulfillment_availability": _echo(listing)},
            "issues": lambda: listing["issues"],
            "offers": lambda: (
                [_offer(listing, site) for site in sites]
                if listing["price"] is not None
                else []
            ),
            "fulfillmentAvailability": lambda: availability(listing),
            "productTypes": lambda: [
                {"marketplaceId": site, "productType": listing["product_type"]}
                for site in sites
            ],
        }
        wanted = {part: makers[part]() for part in parts if part in makers}
        return {"sku": listing["sku"], **wanted}

    def _summary(self, listing, site):
        status = ["BUYABLE"] if status_of(listing) == "active" else []
        return {
            "marketplaceId": site,
            "asin": listing["asin"],
            "productType": listing["product_type"],
            "conditionType": "new_new",
            "status": [*status, "DISCOVERABLE"],
            "itemName": listing["title"],
            "createdDate": iso(listing["created_at"]),
            "lastUpdatedDate": iso(listing["updated_at"]),
        }

    # --- writing ------------------------------------------------------------------
    def on_patchListingsItem(self, request, seller_id, sku):
        """Accept a patch, or call it invalid; what it does happens later."""
        self.check_seller(seller_id)
        sites = csv(request, "marketplaceIds")
        self.check_marketplaces(sites)
        changes = self._changes(request.json())
        issues = [issue for change in changes for issue in change_issues(change)]
        fault = request.fault
        if fault and fault.kind == "invalid":
            issues.append(issue("The attributes are invalid."))
        preview = csv(request, "mode") == ["VALIDATION_PREVIEW"]
        if not issues and not preview and not (fault and fault.kind == "ignore"):
            delay = fault.seconds if fault and fault.kind == "delay" else 0.0
            self.submit_changes(sku, sites, changes, delay)
        good = "VALID" if preview else "ACCEPTED"
        return Response(
            200,
            {
                "sku": sku,
                "status": "INVALID" if issues else good,
                "submissionId": self.number("submission-"),
                "issues": issues,
            },
        )

    def submit_changes(self, sku, sites, changes, delay=0.0):
        """Submit changes of a SKU; one that is not there swallows them (#2797)."""
        listing = self.listing(sku)
        if listing and set(sites) & set(listing["sites"]):
            for change in changes:
                self.submit(listing, change, delay)

    def _changes(self, body):
        """Return the quantity changes of a patch request.

        :raises ApiError: 400, the request is not one
        """
        problem = patch_problem(body)
        if problem:
            raise self.invalid(problem)
        return quantity_changes(body["patches"])


SEEDED = (
    "title",
    "product_type",
    "asin",
    "price",
    "fulfilment",
    "quantity",
    "supply_sources",
    "lead_time_days",
    "issues",
    "status",
    "note",
    "fba",
)


def csv(request, name):
    """Return the values of a CSV parameter."""
    values = ",".join(request.query.get(name, ()))
    return values.split(",") if values else []


def availability(listing):
    """Return ``fulfillmentAvailability``: the truth, as opposed to the echo."""
    if listing["supply_sources"]:
        return [
            {"fulfillmentChannelCode": code, "quantity": quantity}
            for code, quantity in listing["supply_sources"].items()
        ]
    entry = {"fulfillmentChannelCode": "DEFAULT"}
    if listing["fulfilment"] == "channel":
        entry = {"fulfillmentChannelCode": "AMAZON_NA"}
    if listing["quantity"] is not None:
        entry["quantity"] = listing["quantity"]
    return [entry]


def buyable(listing):
    """Return what buyers can buy now."""
    if listing["supply_sources"]:
        return sum(listing["supply_sources"].values())
    return listing["quantity"] or 0


def status_of(listing):
    """Return the listing's state as Seller Central would show it."""
    if listing["price"] is None:
        return "inactive: no price"
    if not buyable(listing):
        return "inactive: out of stock"
    return "active"


def _echo(listing):
    code = availability(listing)[0]["fulfillmentChannelCode"]
    return [{"fulfillment_channel_code": code, "quantity": listing["echo"]}]


def _offer(listing, site):
    price = {"currencyCode": MARKETPLACES[site][2], "amount": f"{listing['price']:.2f}"}
    return {"marketplaceId": site, "offerType": "B2C", "price": price}


def _page_token(start):
    return base64.urlsafe_b64encode(str(start).encode()).decode()
