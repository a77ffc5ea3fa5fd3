"""Bulk operations: a query over the whole shop, worked off by Shopify in its own time.

A result has one line per object of the query's one connection. It is made when the
operation is started; until it ends (seed ``bulk_seconds``, 0) it is CREATED, then
RUNNING. Faults on ``bulkOperationRunQuery``: ``bulk_stuck`` (never ends),
``bulk_failed`` (ends as FAILED), ``bulk_refused`` (five are running already).
"""

import json
import re
from datetime import datetime, timezone

from graphql import GraphQLError, execute_sync, parse, validate

from .core import Response
from .shopify_cost import SCHEMA

ID = "gid://shopify/BulkOperation/"
RESULT_PATH = re.compile(r"/bulk/(\d+)\.jsonl")
#: "five bulk queries at a time", from API version 2026-01
MAX_RUNNING = 5
#: nobody runs this long in a test
NEVER = 10**9


class Bulk:
    """Starts operations and tells how they stand. The caller holds the lock."""

    def __init__(self, shop, root=None):
        self.shop = shop
        self.root = root
        self.operations = shop.state.setdefault("bulk", {})

    def start(self, text, fault=None):
        """Answer ``bulkOperationRunQuery``."""
        running = [o for o in self.operations.values() if self._status(o) == "RUNNING"]
        if fault == "bulk_refused" or len(running) >= MAX_RUNNING:
            return _refused("LIMIT_REACHED", "Too many bulk operations are running.")
        try:
            lines = self._lines(text)
        except GraphQLError as error:
            return _refused("INVALID", f"Invalid bulk query: {error.message}")
        number = str(len(self.operations) + 1)
        now = self.shop.clock()
        seconds = NEVER if fault == "bulk_stuck" else self.shop.state["bulk_seconds"]
        self.operations[number] = {
            "lines": lines,
            "created": now,
            "ends": now + seconds,
            "failed": fault == "bulk_failed",
        }
        return {"bulkOperation": self.node(number), "userErrors": []}

    def _lines(self, text):
        document = parse(text)
        errors = validate(SCHEMA, document)
        if errors:
            raise errors[0]
        result = execute_sync(SCHEMA, document, self.root.fields())
        if result.errors:
            raise result.errors[0]
        if len(result.data) != 1:
            raise GraphQLError("Bulk queries need exactly one top-level field.")
        (connection,) = result.data.values()
        return [json.dumps(edge["node"]) for edge in connection["edges"]]

    def _status(self, operation):
        if self.shop.clock() < operation["ends"]:
            return "RUNNING" if self.shop.clock() > operation["created"] else "CREATED"
        return "FAILED" if operation["failed"] else "COMPLETED"

    def node(self, number):
        """Return a ``BulkOperation``, None when there is none."""
        operation = self.operations.get(number)
        if operation is None:
            return None
        status = self._status(operation)
        count = len(operation["lines"]) if status == "COMPLETED" else 0
        created = datetime.fromtimestamp(operation["created"], timezone.utc)
        url = f"{self.shop.base_url}/bulk/{number}.jsonl" if count else None
        return {
            "__typename": "BulkOperation",
            "id": ID + number,
            "status": status,
            "type": "QUERY",
            "errorCode": "INTERNAL_SERVER_ERROR" if status == "FAILED" else None,
            "createdAt": created.isoformat(),
            "objectCount": str(count),
            "rootObjectCount": str(count),
            "url": url,
        }

    def result(self, number):
        """Answer the download of a result."""
        operation = self.operations.get(number)
        if operation is None or self._status(operation) != "COMPLETED":
            return Response(404, "No such object.")
        return Response(200, "\n".join(operation["lines"]) + "\n")


def _refused(code, message):
    errors = [{"code": code, "field": ["query"], "message": message}]
    return {"bulkOperation": None, "userErrors": errors}
