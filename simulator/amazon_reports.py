"""Reports API 2021-06-30 of the simulated Amazon: the file of all listings, and what
came back to Amazon's warehouses."""

from datetime import datetime

from .amazon_const import MARKETPLACES
from .amazon_dates import iso
from .amazon_listings import buyable, status_of
from .amazon_returns import RETURNS_REPORT, localized
from .core import Response

REPORT_TYPE = "GET_MERCHANT_LISTINGS_ALL_DATA"
REPORT_TYPES = (REPORT_TYPE, RETURNS_REPORT)
COLUMNS = (
    "item-name",
    "item-description",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "image-url",
    "asin1",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
)


class Reports:
    """Two report types; made by the clock."""

    def on_createReport(self, request):
        """Order a report."""
        body = request.json() or {}
        if body.get("reportType") not in REPORT_TYPES:
            raise self.invalid("Invalid 'reportType'.")
        self.check_marketplaces(body.get("marketplaceIds") or [], maximum=1)
        report_id = self.number("7000")
        locale = (body.get("reportOptions") or {}).get("preferredReportDocumentLocale")
        now = self.clock()
        period = [body.get(name) for name in ("dataStartTime", "dataEndTime")]
        since, until = (self._seconds(text, now) for text in period)
        self.state["reports"][report_id] = {
            "type": body["reportType"],
            "since": since,
            "until": until,
            "marketplaceIds": body["marketplaceIds"],
            "locale": locale or "",
            "created_at": now,
            "fault": request.fault.kind if request.fault else "",
            "document": None,
        }
        return Response(202, {"reportId": report_id})

    def _seconds(self, text, now):
        """Return a moment of the request as epoch seconds; the default is now."""
        if not text:
            return now
        try:
            seconds = datetime.fromisoformat(text).timestamp()
        except (TypeError, ValueError):
            raise self.invalid(f"Invalid date {text!r}.") from None
        if seconds > now:
            raise self.invalid("A period must not end in the future.")
        return seconds

    def on_getReport(self, request, report_id):
        """Tell how far a report is."""
        report = self.state["reports"].get(report_id)
        if report is None:
            raise self.missing(f"No report {report_id}.")
        status = self._report_status(report)
        if status == "DONE" and not report["document"]:
            report["document"] = self._made(report)
            report["fault"] = "" if report["document"] else "cancelled"
            status = self._report_status(report)
        answer = {
            "reportId": report_id,
            "reportType": report.get("type", REPORT_TYPE),
            "marketplaceIds": report["marketplaceIds"],
            "createdTime": iso(report["created_at"]),
            "processingStatus": status,
        }
        if status == "DONE":
            answer["reportDocumentId"] = report["document"]
        return Response(200, answer)

    def _report_status(self, report):
        if report["fault"] in ("fatal", "cancelled"):
            return report["fault"].upper()
        age = self.clock() - report["created_at"]
        if report["fault"] == "stuck" or age < self.setting("report_seconds"):
            return "IN_PROGRESS"
        return "DONE"

    def on_getReportDocument(self, request, document_id):
        """Give an address to download a report from."""
        document = self.document_answer(request, document_id)
        return Response(200, {"reportDocumentId": document_id, **document})

    def _made(self, report):
        """Make the document; None where there is nothing to tell."""
        is_of_returns = report.get("type") == RETURNS_REPORT
        lines = self.returns_table(report) if is_of_returns else self._catalogue(report)
        if lines is None:
            return None
        text = "\n".join("\t".join(line) for line in lines) + "\n"
        content_type = f"text/plain;charset={self.setting('report_charset')}"
        return self.new_document(text, content_type)

    def _catalogue(self, report):
        (site,) = report["marketplaceIds"]
        listings = [self.listing(sku) for sku in self.state["listings"]]
        rows = [_row(one) for one in listings if site in one["sites"]]
        language = report["locale"] or MARKETPLACES[site][3]
        return [localized(COLUMNS, language), *rows]


def _row(listing):
    by_amazon = listing["fulfilment"] == "channel"
    values = {
        "item-name": listing["title"],
        "seller-sku": listing["sku"],
        "price": "" if listing["price"] is None else f"{listing['price']:.2f}",
        # Amazon leaves the column empty for stock that it holds
        "quantity": "" if by_amazon else str(buyable(listing)),
        "open-date": iso(listing["created_at"]),
        "asin1": listing["asin"],
        "fulfillment-channel": "AMAZON_NA" if by_amazon else "DEFAULT",
        "status": "Active" if status_of(listing) == "active" else "Inactive",
    }
    return tuple(_cell(values.get(column, "")) for column in COLUMNS)


def _cell(value):
    return value.replace("\t", " ").replace("\n", " ")
