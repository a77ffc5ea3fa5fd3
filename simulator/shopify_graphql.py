"""Executing GraphQL as Shopify does: schema, scopes, points, and errors in a 200."""

import re
from functools import lru_cache

from graphql import (
    GraphQLError,
    OperationDefinitionNode,
    execute_sync,
    get_directive_values,
    parse,
    validate,
)

from .shopify_bulk import ID as BULK
from .shopify_bulk import Bulk
from .shopify_cost import SCHEMA, Points, price
from .shopify_order_nodes import OrderFields
from .shopify_orders import ORDER
from .shopify_shop import ITEM, PRODUCT, VARIANT
from .shopify_write import MAX_ROWS, Writer, refuse

IDEMPOTENT = SCHEMA.get_directive("idempotent")
VERSIONS = ("2026-04", "2026-07", "2026-10")
MAX_COST = 1000
GID = re.compile(r"gid://shopify/\w+/\d+")
TERM = re.compile(r"sku:'((?:[^'\\]|\\.)*)'")


@lru_cache(maxsize=200)
def parsed(text):
    """Return ``(document, validation errors)``.

    :raises GraphQLError: a syntax error
    """
    document = parse(text)
    return document, validate(SCHEMA, document)


def chosen(document, name=None):
    """Return the operation that is meant, None when there is none."""
    found = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [d for d in found if name and d.name and d.name.value == name]
    return next(iter(named or found), None)


def root_field(text):
    """Return the first field of a document, for the log; "graphql" when unreadable."""
    try:
        operation = chosen(parsed(text)[0])
        return operation.selection_set.selections[0].name.value
    except (AttributeError, GraphQLError, TypeError):
        return "graphql"


# --- what fields answer -------------------------------------------------------
class Root(OrderFields):
    """Resolvers of one request, as a dict for graphql-core's default resolver."""

    def __init__(self, shop, fault=None):
        self.shop = shop
        self.fault = fault

    def fields(self):
        """Return the root value of queries and mutations."""
        return {
            "shop": lambda info: self._shop(),
            "currentAppInstallation": lambda info: self._installation(),
            "publicApiVersions": lambda info: [
                {"handle": version, "supported": True} for version in VERSIONS
            ],
            "locations": self._locations,
            "productVariants": self._variants,
            "nodes": self._nodes,
            "inventorySetQuantities": self._set_quantities,
            "bulkOperationRunQuery": self._run_bulk,
            "bulkOperation": lambda info, id: Bulk(self.shop).node(
                id.removeprefix(BULK)
            ),
            **self.order_fields(),
        }

    def _run_bulk(self, info, query, groupObjects):
        root = WholeShop(self.shop)
        return Bulk(self.shop, root).start(query, self.fault and self.fault.kind)

    def _need(self, scope, field):
        granted = set(self.shop.state["scopes"])
        if scope in granted or scope.replace("read_", "write_", 1) in granted:
            return
        raise GraphQLError(
            f"Access denied for {field} field. "
            f"Required access: `{scope}` access scope.",
            extensions={
                "code": "ACCESS_DENIED",
                "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": f"`{scope}` access scope.",
            },
        )

    def _shop(self):
        state = self.shop.state
        return {
            "id": "gid://shopify/Shop/1",
            "name": state["name"],
            "myshopifyDomain": state["credentials"]["shop"],
            "currencyCode": state["currency"],
            "ianaTimezone": state["timezone"],
        }

    def _installation(self):
        scopes = [{"handle": scope} for scope in self.shop.state["scopes"]]
        return {"id": "gid://shopify/AppInstallation/1", "accessScopes": scopes}

    def _locations(self, info, first, after=None, includeInactive=False, **_legacy):
        self._need("read_locations", "locations")
        found = [
            (code, site)
            for code, site in self.shop.state["sites"].items()
            if site["active"] or includeInactive
        ]
        return page(found, first, after, lambda entry: location_node(*entry))

    def _variants(self, info, first, after=None, query=None):
        self._need("read_products", "productVariants")
        found = self._matching(query)
        return page(found, first, after, self._variant_node)

    def _matching(self, query):
        if not query or not query.strip():
            return list(self.shop.state["variants"])
        found = {}
        for term in TERM.findall(query):
            sku = re.sub(r"\\(.)", r"\1", term)
            found.update(dict.fromkeys(self.shop.by_sku.get(sku.casefold(), ())))
        return list(found)

    def _nodes(self, info, ids):
        for index, gid in enumerate(ids):
            if not GID.fullmatch(gid):
                text = "Variable $ids of type [ID!]! was provided invalid value for "
                raise refuse(
                    f"{text}{index} (Invalid global id '{gid}')", "INVALID_VARIABLE"
                )
        if len(ids) > MAX_ROWS:
            raise refuse(
                f"The input array size of {len(ids)} is greater than the maximum "
                f"allowed of {MAX_ROWS}.",
                "MAX_INPUT_SIZE_EXCEEDED",
            )
        return [self._node(gid) for gid in ids]

    def _node(self, gid):
        number, variant = self.shop.variant_of(gid, ITEM)
        if variant:
            self._need("read_inventory", "nodes")
            return self._item_node(number)
        number, variant = self.shop.variant_of(gid, VARIANT)
        if variant:
            self._need("read_products", "nodes")
            return self._variant_node(number)
        if gid.startswith(ORDER):
            return self._order(None, gid)
        order, found = self.shop.orders.fulfilment.find(gid)
        return self.fulfilment_order_node(found, order) if found else None

    def location(self, code, site):
        """Return a ``Location``."""
        return location_node(code, site)

    def _variant_node(self, number):
        variant = self.shop.state["variants"][number]
        return {
            "__typename": "ProductVariant",
            "id": VARIANT + number,
            "sku": variant["sku"] or None,
            "barcode": variant["barcode"] or None,
            "displayName": variant["title"] or variant["sku"],
            "inventoryPolicy": variant["policy"],
            "requiresComponents": variant["bundle"],
            "product": {"id": PRODUCT + number, "status": variant["status"]},
            "inventoryItem": lambda info: self._item_node(number),
        }

    def _item_node(self, number):
        variant = self.shop.state["variants"][number]
        return {
            "__typename": "InventoryItem",
            "id": ITEM + number,
            "sku": variant["sku"] or None,
            "tracked": variant["tracked"],
            "duplicateSkuCount": lambda info: self.shop.same_sku(variant),
            "inventoryLevel": lambda info, locationId, includeInactive=False: (
                self._level_node(number, locationId, includeInactive)
            ),
        }

    def _level_node(self, number, location, include_inactive):
        self._need("read_inventory", "inventoryLevel")
        level = self.shop.state["variants"][number]["levels"].get(location)
        if level is None or not (level["active"] or include_inactive):
            return None
        shown = self.shop.shown(level)
        known = {
            "available": shown,
            "committed": level["committed"],
            "on_hand": shown + level["committed"],
        }
        gid = f"gid://shopify/InventoryLevel/{number}?inventory_item_id={number}"
        return {
            "id": gid,
            "isActive": level["active"],
            "quantities": lambda info, names: [
                {"id": gid, "name": name, "quantity": known.get(name, 0)}
                for name in names
            ],
        }

    def _set_quantities(self, info, input):
        self._need("write_inventory", "inventorySetQuantities")
        values = get_directive_values(
            IDEMPOTENT, info.field_nodes[0], info.variable_values
        )
        key = values["key"] if values else None
        return Writer(self.shop, self.fault).set_quantities(key, input)


class WholeShop(Root):
    """Resolvers of a bulk operation: connections have no pages."""

    def _variants(self, info, first=None, after=None, query=None):
        self._need("read_products", "productVariants")
        nodes = map(self._variant_node, self._matching(query))
        return {"edges": [{"node": node} for node in nodes]}


def location_node(code, site):
    """Return a ``Location``."""
    service = site["fulfillment_service"]
    return {
        "__typename": "Location",
        "id": code,
        "name": site["name"],
        "isActive": site["active"],
        "fulfillsOnlineOrders": site["fulfills_online_orders"],
        "isFulfillmentService": bool(service),
        "fulfillmentService": {"serviceName": service} if service else None,
    }


def page(items, first, after, make_node):
    """Return a connection; the cursor is an offset."""
    start = int(after) if after and after.isdigit() else 0
    end = start + min(first or MAX_ROWS, MAX_ROWS)
    more = end < len(items)
    return {
        "nodes": [make_node(item) for item in items[start:end]],
        "pageInfo": {"hasNextPage": more, "endCursor": str(end) if more else None},
    }


# --- one request --------------------------------------------------------------
def run(shop, content, fault=None, enforce_limits=True):
    """Return the body of the answer to one GraphQL request. Lock held."""
    text = content.get("query") or ""
    try:
        document, errors = parsed(text)
    except GraphQLError as error:
        return {"errors": [error.formatted]}
    operation = chosen(document, content.get("operationName"))
    if errors or operation is None:
        return {"errors": [error.formatted for error in errors] or "No query"}
    variables = content.get("variables") or {}
    cost, points = price(document, operation, variables), Points(shop)
    refusal = _too_dear(cost)
    if refusal:
        return refusal
    starved = enforce_limits and not points.take(cost)
    if starved or (fault and fault.kind == "throttled"):
        return _throttled(points.report(cost, None))
    result = execute_sync(
        SCHEMA,
        document,
        Root(shop, fault).fields(),
        variable_values=variables,
        operation_name=content.get("operationName"),
    )
    body = {"data": result.data}
    if result.errors:
        body["errors"] = [error.formatted for error in result.errors]
    return {**body, "extensions": {"cost": points.report(cost, cost)}}


def _too_dear(cost):
    if cost <= MAX_COST:
        return None
    text = f"Query cost is {cost}, which exceeds the single query max cost limit "
    extensions = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MAX_COST}
    return {"errors": [{"message": f"{text}({MAX_COST}).", "extensions": extensions}]}


def _throttled(cost):
    extensions = {
        "code": "THROTTLED",
        "documentation": "https://shopify.dev/api/usage/rate-limits",
    }
    return {
        "errors": [{"message": "Throttled", "extensions": extensions}],
        "extensions": {"cost": cost},
    }
