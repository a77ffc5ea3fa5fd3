"""Reading listings back: what the shelf shows, and the catalogue for matching."""

from ..errors import (
    RejectedError,
    RetryableError,
    TakesLong,
    UnknownListing,
)
from . import listings, reports
from .const import (
    LISTINGS_REPORT,
    READ_PARTS,
    REPORT_OPTIONS,
    REPORT_POLL_SECONDS,
    REPORT_RETRY_SECONDS,
    REPORTS,
    SEARCH_CAP,
    SEARCH_SIZE,
)
from .transport import required


class Reader:
    """Reads the listings of one seller.

    :param locale: language of Amazon's messages, ``en_US``
    """

    def __init__(self, transport, seller, locale):
        self.transport = transport
        self.seller = seller
        self.locale = locale

    # --- what the shelf shows ---------------------------------------------------------
    def stock(self, site, refs):
        """Yield one ChannelListing per ref.

        Twenty SKUs a call; those that a CSV parameter cannot hold one by one.
        """
        by_sku = {}
        for ref in refs:
            by_sku.setdefault(ref.sku, []).append(ref)
        together = [sku for sku in by_sku if listings.travels_in_csv(sku)]
        for start in range(0, len(together), SEARCH_SIZE):
            skus = together[start : start + SEARCH_SIZE]
            yield from self._search_skus(site, {sku: by_sku[sku] for sku in skus})
        for sku, same in by_sku.items():
            if not listings.travels_in_csv(sku):
                yield from self._get_sku(site, sku, same)

    def _search_skus(self, site, by_sku):
        try:
            found = self._found(site, list(by_sku))
        except RejectedError:
            # one SKU that Amazon cannot digest must not hide nineteen others
            for sku, refs in by_sku.items():
                yield from self._get_sku(site, sku, refs)
            return
        for sku, refs in by_sku.items():
            yield from _answers(found.get(sku), site, refs, _near(sku, found))

    def _found(self, site, skus):
        """Return ``{sku: (item, request id)}``, SKUs exactly as Amazon writes them."""
        pages = self.pages(
            site, identifiersType="SKU", identifiers=skus, pageSize=SEARCH_SIZE
        )
        return {
            item.get("sku"): (item, page.request_id)
            for page in pages
            for item in page.body.get("items") or ()
        }

    def _get_sku(self, site, sku, refs):
        found, words = None, ""
        try:
            answer = self.transport.call(
                "getListingsItem",
                self.seller,
                sku,
                marketplaceIds=[site],
                includedData=list(READ_PARTS),
                issueLocale=self.locale,
            )
            if answer.body.get("sku") == sku:
                found = (answer.body, answer.request_id)
        except UnknownListing:
            found = None
        except RejectedError as error:
            words = f"Amazon cannot look this SKU up. {error.message}"
        yield from _answers(found, site, refs, words)

    def search(self, site, **filters):
        """Return one page of a search on one site."""
        return self.transport.call(
            "searchListingsItems",
            self.seller,
            marketplaceIds=[site],
            includedData=list(READ_PARTS),
            issueLocale=self.locale,
            **filters,
        )

    def pages(self, site, **filters):
        """Yield the pages of a search, as many as Amazon gives at most."""
        page = self.search(site, **filters)
        for _page in range(SEARCH_CAP // SEARCH_SIZE + 1):
            yield page
            token = (page.body.get("pagination") or {}).get("nextToken")
            if not token:
                return
            page = self.search(site, pageToken=token, **filters)

    # --- the catalogue ----------------------------------------------------------------
    def catalogue(self, site, patience, sleep, asked):
        """Yield every listing of a site.

        A small catalogue is searched, which is fresh; a large one is reported,
        because a search ends after 1,000 items.

        :param patience: seconds to wait for the report
        :param asked: ids of reports that were asked for, by site; one that is not
            ready is noted here and in the exception, and waited for the next time
        """
        if site in asked:
            yield from self._reported(site, patience, sleep, asked)
            return
        pages = self.pages(site, pageSize=SEARCH_SIZE, sortBy="sku", sortOrder="ASC")
        for number, page in enumerate(pages):
            total = int(page.body.get("numberOfResults") or 0)
            if number == 0 and total >= SEARCH_CAP:
                yield from self._reported(site, patience, sleep, asked)
                return
            for item in page.body.get("items") or ():
                yield listings.listing_of(item, site, request_id=page.request_id)

    def _reported(self, site, patience, sleep, asked):
        report = None
        if site in asked:
            report = self._report(site, patience, sleep, asked)
        if report is None or _is_dead(report):  # what was asked for will never come
            asked[site] = self._ask_for_report(site)
            report = self._report(site, patience, sleep, asked)
        if _is_dead(report):
            raise _no_report(
                f"Amazon made no listings report ({_status(report)}): it was asked for "
                f"a short while ago, or could not be made. Try again later.",
                report,
                1800,
            )
        document = self.transport.call(
            "getReportDocument", required(report, "reportDocumentId")
        )
        with self.transport.open_document(document.body) as (content, charset):
            for row in reports.rows_of(content, charset):
                listing = reports.listing_of(row, site)
                if listing:
                    yield listing

    def _ask_for_report(self, site):
        created = self.transport.call(
            "createReport",
            reportType=LISTINGS_REPORT,
            marketplaceIds=[site],
            reportOptions=REPORT_OPTIONS,
        )
        return required(created, "reportId")

    def _report(self, site, patience, sleep, asked):
        """Wait until nothing more will come of a report; return the answer that says
        what became of it."""
        waited = 0
        while True:
            answer = self.transport.call("getReport", asked[site])
            if _status(answer) == "DONE" or _is_dead(answer):
                return answer
            if waited >= patience:
                raise TakesLong(
                    f"Amazon's listings report was not ready after {waited} seconds.",
                    remember={REPORTS: dict(asked)},
                    retry_after=REPORT_RETRY_SECONDS,
                    request_id=answer.request_id,
                )
            sleep(REPORT_POLL_SECONDS)
            waited += REPORT_POLL_SECONDS


def _status(answer):
    return answer.body.get("processingStatus")


def _is_dead(answer):
    return _status(answer) in ("CANCELLED", "FATAL")


def _no_report(message, answer, seconds):
    return RetryableError(message, retry_after=seconds, request_id=answer.request_id)


def _answers(found, site, refs, words=""):
    """Yield one listing per ref that asked for the same SKU."""
    for ref in refs:
        if found:
            item, request_id = found
            yield listings.listing_of(item, site, ref.key, request_id)
        else:
            yield listings.unknown(ref, site, words)


def _near(sku, found):
    """Say which SKU was found instead, when only upper and lower case differ."""
    for other in found:
        if str(other).casefold() == sku.casefold() and other != sku:
            return f"Amazon has no SKU “{sku}”, but “{other}”: spell it as Amazon does."
    return ""
