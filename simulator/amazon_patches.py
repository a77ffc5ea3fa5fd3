"""Patches of a listing: what may be asked, and what Amazon finds wrong with it."""

from .amazon_const import MAX_LEAD_TIME_DAYS

PATH = "/attributes/fulfillment_availability"
OPS = ("add", "replace", "merge", "delete")


def patch_problem(body):
    """Return what is wrong with a ListingsItemPatchRequest, "" when nothing is."""
    if not isinstance(body, dict):
        return "The body is not a JSON object."
    if not isinstance(body.get("productType"), str) or not body["productType"]:
        return "'productType' is required."
    patches = body.get("patches")
    if not isinstance(patches, list) or not patches:
        return "'patches' is required."
    for patch in patches:
        if not isinstance(patch, dict) or patch.get("op") not in OPS:
            return "Invalid 'op' in a patch."
        if not isinstance(patch.get("path"), str):
            return "'path' is required in a patch."
        if not isinstance(patch.get("value", []), list):
            return "'value' of a patch must be an array."
    return ""


def quantity_changes(patches):
    """Return ``{"op", "value"}`` for each patched fulfilment channel."""
    return [
        {"op": patch["op"], "value": value}
        for patch in patches
        if patch["path"] == PATH
        for value in patch.get("value") or [{}]
    ]


def change_issues(change):
    """Yield what Amazon finds wrong in the value of a change."""
    value = change["value"] if isinstance(change["value"], dict) else {}
    quantity = value.get("quantity", 0)
    lead_time = value.get("lead_time_to_ship_max_days")
    if "fulfillment_channel_code" not in value:
        yield issue("'fulfillment_channel_code' is required but not supplied.")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 0:
        yield issue("'quantity' must be a whole number of at least 0.")
    if lead_time is not None and "quantity" not in value:
        yield issue("'quantity' is required with 'lead_time_to_ship_max_days'.")
    if lead_time is not None and not 0 <= lead_time <= MAX_LEAD_TIME_DAYS:
        yield issue(
            f"'lead_time_to_ship_max_days' must be at most {MAX_LEAD_TIME_DAYS}."
        )


def issue(message):
    """Return an ``Issue`` that prevents a submission; its code is the sandbox's."""
    return {
        "code": "90000900",
        "message": message,
        "severity": "ERROR",
        "attributeNames": ["fulfillment_availability"],
        "categories": ["INVALID_ATTRIBUTE"],
    }
