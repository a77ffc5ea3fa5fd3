"""A small client for the tests of the simulated shop."""

HERE = "gid://shopify/Location/1"
THERE = "gid://shopify/Location/2"
GRAPHQL = "/admin/api/2026-10/graphql.json"
ITEM = "gid://shopify/InventoryItem/1"
WRITE = """
mutation W($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}
"""
READ = """
query R($ids: [ID!]!, $loc: ID!) {
  nodes(ids: $ids) {
    __typename
    ... on InventoryItem {
      id
      tracked
      inventoryLevel(locationId: $loc, includeInactive: %s) {
        isActive
        quantities(names: ["available", "committed", "on_hand"]) { name quantity }
      }
    }
  }
}
"""


class Shop:
    """Speaks to the simulator as a client would."""

    def __init__(self, sim, http):
        self.sim, self.http = sim, http
        self.channel = sim.channels["shopify"]
        self.now = 1_793_000_000.0
        self.channel.clock = lambda: self.now
        self.channel.reset()
        self.channel.seed({"sites": [{"code": HERE, "name": "Here"}]})

    def seed(self, **spec):
        self.channel.seed(spec)

    def stock(self, sku, quantity=5, **more):
        self.seed(listings=[{"sku": sku, "site": HERE, "quantity": quantity, **more}])

    def post(self, body, token="demo-access-token", path=GRAPHQL):
        headers = {"X-Shopify-Access-Token": token} if token else {}
        url = self.sim.url("shopify") + path
        return self.http.post(url, json=body, headers=headers, timeout=5)

    def ask(self, text, **variables):
        return self.post({"query": text, "variables": variables}).json()

    def read(self, *ids, location=HERE, inactive="true"):
        """Return quantities by name of each item, None without a level."""
        body = self.ask(READ % inactive, ids=list(ids) or [ITEM], loc=location)
        return [
            node
            and node["inventoryLevel"]
            and {q["name"]: q["quantity"] for q in node["inventoryLevel"]["quantities"]}
            for node in body["data"]["nodes"]
        ]

    def write(self, *rows, key="key-1", **more):
        """Write rows ``(item number, quantity, changeFromQuantity)``."""
        quantities = [
            {
                "inventoryItemId": f"gid://shopify/InventoryItem/{item}",
                "locationId": HERE,
                "quantity": quantity,
                "changeFromQuantity": before,
            }
            for item, quantity, before in rows
        ]
        given = {"name": "available", "reason": "correction", **more}
        return self.ask(WRITE, key=key, input={"quantities": quantities, **given})

    def errors(self, *rows, **more):
        """Return ``[(code, field)]`` of a write's user errors."""
        payload = self.write(*rows, **more)["data"]["inventorySetQuantities"]
        return [
            (error["code"], error["field"] and error["field"][2])
            if error["field"] and len(error["field"]) > 2
            else (error["code"], None)
            for error in payload["userErrors"]
        ]
