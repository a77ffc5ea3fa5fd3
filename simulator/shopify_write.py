"""``inventorySetQuantities`` as Shopify does it since version 2026-04.

The two checks at run time that the schema does not state, compare-and-set, the
idempotency cache, and the trap: a write to a location that does not stock the item
succeeds, and adds when it is repeated.
"""

import hashlib
import json
import uuid

from graphql import GraphQLError

from .shopify_shop import ITEM

MAX_ROWS = 250
KEY_LIFETIME = 24 * 3600
#: Of the list that Shopify checks, the one that connectors give.
REASONS = frozenset(("correction",))


def refuse(message, code):
    """Return a top-level error."""
    return GraphQLError(message, extensions={"code": code})


def check_request(key, given):
    """Raise the errors that Shopify answers at run time, whatever the schema says."""
    if key is None:
        raise refuse(
            "The @idempotent directive is required for this mutation but was not "
            "provided.",
            "BAD_REQUEST",
        )
    if not key.strip():
        raise refuse("The idempotency key cannot be blank.", "BAD_REQUEST")
    if len(given["quantities"]) > MAX_ROWS:
        raise refuse(
            f"The input array size of {len(given['quantities'])} is greater than the "
            f"maximum allowed of {MAX_ROWS}.",
            "MAX_INPUT_SIZE_EXCEEDED",
        )
    if any("changeFromQuantity" not in row for row in given["quantities"]):
        raise refuse(
            "InventoryQuantityInput must include the following argument: "
            "changeFromQuantity",
            "INVALID_FIELD_ARGUMENTS",
        )


class Writer:
    """One write to a :class:`~.shopify_shop.Shop`. The caller holds the lock."""

    def __init__(self, shop, fault=None):
        self.shop = shop
        self.fault = fault

    def set_quantities(self, key, given):
        """Return the payload, from the cache when the key was used before."""
        check_request(key, given)
        digest = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
        known = self._known(key)
        if self._fault("in_flight"):
            return self._failed("IDEMPOTENCY_CONCURRENT_REQUEST", "in progress")
        if known:
            return self._replayed(known, digest)
        if self._fault("previous_failed"):
            return self._failed("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "failed before")
        payload = self._apply(given)
        self.shop.state["keys"][key] = {
            "at": self.shop.clock(),
            "digest": digest,
            "payload": payload,
        }
        return payload

    def _known(self, key):
        keys, oldest = self.shop.state["keys"], self.shop.clock() - KEY_LIFETIME
        while keys and next(iter(keys.values()))["at"] < oldest:
            del keys[next(iter(keys))]
        return keys.get(key)

    def _replayed(self, known, digest):
        if known["digest"] != digest:
            return self._failed(
                "IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "used with other parameters"
            )
        if known["payload"]["userErrors"]:
            return self._failed("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "failed before")
        return known["payload"]

    def _failed(self, code, text):
        error = {"code": code, "field": None, "message": f"Idempotency key: {text}."}
        return {"inventoryAdjustmentGroup": None, "userErrors": [error]}

    # --- applying -------------------------------------------------------------
    def _apply(self, given):
        if self._fault("stale"):
            self._let_somebody_buy(given["quantities"])
        errors = self._input_errors(given) + self._row_errors(given["quantities"])
        refused = {error["row"] for error in errors}
        for error in errors:
            del error["row"]
        if errors and (None in refused or not self.shop.state["partial_writes"]):
            return {"inventoryAdjustmentGroup": None, "userErrors": errors}
        for index, row in enumerate(given["quantities"]):
            if index not in refused and not self._is_ignored(row):
                self._write(row)
        group = {"id": f"gid://shopify/InventoryAdjustmentGroup/{uuid.uuid4()}"}
        return {"inventoryAdjustmentGroup": group, "userErrors": errors}

    def _write(self, row):
        variant = self._variant(row)
        level = variant["levels"].get(row["locationId"])
        if level is None:
            level = self.shop.new_level(variant, row["locationId"], {"active": False})
        quantity = row["quantity"]
        if not level["active"]:
            quantity += level.get("written", 0)
            level["written"] = quantity
        delay = self.fault.seconds if self._fault("delay", row) else 0
        self.shop.change(level, quantity, delay)

    def _let_somebody_buy(self, rows):
        for row in rows:
            level = self._level(row)
            if level and self._fault("stale", row):
                self.shop.change(level, level["available"] - 1)

    # --- checking -------------------------------------------------------------
    def _input_errors(self, given):
        errors = []
        if given["name"] not in ("available", "on_hand"):
            errors.append(_error(None, ["input", "name"], "INVALID_NAME"))
        if given["reason"] not in REASONS:
            errors.append(_error(None, ["input", "reason"], "INVALID_REASON"))
        uri = given.get("referenceDocumentUri")
        if uri is not None and ("://" not in uri or " " in uri):
            path = ["input", "referenceDocumentUri"]
            errors.append(_error(None, path, "INVALID_REFERENCE_DOCUMENT"))
        return errors

    def _row_errors(self, rows):
        errors, seen = [], set()
        for index, row in enumerate(rows):
            pair = (row["inventoryItemId"], row["locationId"])
            field, code = self._row_error(row, pair in seen)
            seen.add(pair)
            if code:
                path = ["input", "quantities", str(index), field]
                errors.append(_error(index, path, code))
        return errors

    def _row_error(self, row, is_repeated):
        variant, level = self._variant(row), self._level(row)
        if variant is None:
            return "inventoryItemId", "INVALID_INVENTORY_ITEM"
        if row["locationId"] not in self.shop.state["sites"]:
            return "locationId", "INVALID_LOCATION"
        if is_repeated:
            code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
            return "inventoryItemId", code
        if variant["bundle"]:
            return "inventoryItemId", "NON_MUTABLE_INVENTORY_ITEM"
        if row["quantity"] < 0:
            return "quantity", "INVALID_QUANTITY_NEGATIVE"
        if row["quantity"] > 1_000_000_000:
            return "quantity", "INVALID_QUANTITY_TOO_HIGH"
        current = level["available"] if level else 0
        if row["changeFromQuantity"] not in (None, current):
            return "changeFromQuantity", "CHANGE_FROM_QUANTITY_STALE"
        return "", ""

    def _variant(self, row):
        return self.shop.variant_of(row["inventoryItemId"], ITEM)[1]

    def _level(self, row):
        variant = self._variant(row)
        return variant["levels"].get(row["locationId"]) if variant else None

    # --- faults ---------------------------------------------------------------
    def _fault(self, kind, row=None):
        if self.fault is None or self.fault.kind != kind:
            return False
        if row is None or not self.fault.skus:
            return True
        variant = self._variant(row)
        return bool(variant) and variant["sku"] in self.fault.skus

    def _is_ignored(self, row):
        return self._fault("ignore", row)


def _error(row, field, code):
    message = code.replace("_", " ").capitalize() + "."
    return {"row": row, "code": code, "field": field, "message": message}
