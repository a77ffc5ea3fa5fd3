"""Orders as Amazon tells them, for tests of what is made of them."""


def money(amount, currency="USD"):
    return {"amount": str(amount), "currencyCode": currency}


def item(number=1, quantity=1, parts=None, total=None, price=None, **more):
    """Return an ``OrderItem``; ``parts``: type → amount or (amount, details)."""
    breakdowns = []
    for kind, value in (parts or {}).items():
        amount, details = value if isinstance(value, tuple) else (value, {})
        row = {"type": kind, "subtotal": money(amount)}
        if details:
            row["detailedBreakdowns"] = [
                {"subtype": subtype, "value": money(one)}
                for subtype, one in details.items()
            ]
        breakdowns.append(row)
    product = {"sellerSku": f"SKU-{number}", "title": "Thing"}
    if price is not None:
        product["price"] = {"unitPrice": money(price)}
    found = {"orderItemId": str(number), "quantityOrdered": quantity}
    found |= {"product": product, "proceeds": {"breakdowns": breakdowns}, **more}
    if total is not None:
        found["proceeds"]["proceedsTotal"] = money(total)
    return found


def order(*items, total=None, status="UNSHIPPED", **more):
    found = {
        "orderId": "701-0000000-0000001",
        "createdTime": "2026-11-02T10:00:00Z",
        "lastUpdatedTime": "2026-11-02T10:00:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": "MERCHANT"},
        "orderItems": list(items),
        **more,
    }
    if total is not None:
        found["proceeds"] = {**found.get("proceeds", {}), "grandTotal": money(total)}
    return found
