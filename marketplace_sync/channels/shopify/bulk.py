"""Reading a whole shop: pages of 250 variants, or one bulk operation per location.

A bulk operation is a flat query without nested connections, so that its result has one
line per variant. How fast it is nobody promises (reports: minutes to hours), paging
takes about 0.7 s a page: below :data:`BULK_FROM` levels we page, above we ask for the
bulk operation and page all the same when it has not ended in :data:`BULK_SECONDS`.
/docs/apps/build/apis/graphql-admin/bulk-operations/queries, seen 2026-11-20.

A cursor says where to go on, in another process too: which location is next, and the
page's cursor, or the bulk operation with the number of lines that were taken.
"""

import json
import logging
from urllib.parse import urlsplit

import requests

from ..catalogue import PAGE_ROWS, CataloguePage
from ..errors import ChannelUnreachable, RejectedError
from .documents import BULK_RUN, BULK_STATUS, BULK_VARIANTS, VARIANTS_PAGE
from .reading import LOCATION, is_gid, listing_of

_logger = logging.getLogger(__name__)

#: Levels above which a bulk operation is asked for (the figure of issue 5; paging
#: 25,000 levels takes about 70 s).
BULK_FROM = 25_000
#: Seconds after which a bulk operation that has not ended is given up for paging.
BULK_SECONDS = 1_200
#: Seconds between two looks at a bulk operation.
BULK_POLL_SECONDS = 20
#: States in which more is to come ("BulkOperationStatus", schema).
RUNNING = frozenset(("CREATED", "RUNNING"))
#: Where the official host keeps results (a signed address, 7 days).
RESULT_HOSTS = ("storage.googleapis.com",)
CHUNK = 1 << 16


class BulkUnavailable(Exception):
    """The bulk operation came to nothing: read page by page instead."""


class CatalogueReader:
    """Reads all variants at the configured locations.

    :param client: a :class:`~.client.ShopifyClient`
    :param clock: gives epoch seconds
    """

    def __init__(self, client, config, clock):
        self.client = client
        self.config = config
        self.clock = clock

    def pages(self, cursor, count):
        """Yield :class:`CataloguePage`; see ``Adapter.fetch_catalogue``."""
        cursor = dict(cursor or {"site": 0, "bulk": count > BULK_FROM})
        sites = [code for code in self.config.sites if is_gid(LOCATION, code)]
        while cursor["site"] < len(sites):
            location = sites[cursor["site"]]
            if cursor.get("bulk"):
                try:
                    yield from self._bulk(location, cursor)
                except BulkUnavailable as error:
                    _logger.info("shopify: %s; reading page by page", error)
                    yield from self._paged(location, _start(cursor, bulk=False))
                    cursor = _start(cursor, bulk=False)
            else:
                yield from self._paged(location, cursor)
            cursor = _start(cursor, site=cursor["site"] + 1)

    # --- page by page -----------------------------------------------------------------
    def _paged(self, location, cursor):
        after = cursor.get("after")
        while True:
            variables = {"loc": location, "q": None, "after": after}
            reply = self.client.execute(VARIANTS_PAGE, variables)
            connection = reply[VARIANTS_PAGE.name]
            listings = [
                listing_of(variant, location, reply.request_id)
                for variant in connection["nodes"]
            ]
            info = connection["pageInfo"]
            more = info["hasNextPage"] and info["endCursor"] not in (None, after)
            after = info["endCursor"]
            following = _start(cursor, site=cursor["site"] + (not more))
            if more:
                following["after"] = after
            yield CataloguePage(tuple(listings), following)
            if not more:
                return

    # --- in bulk ----------------------------------------------------------------------
    def _bulk(self, location, cursor):
        """Yield pages of a bulk operation's result.

        :raises BulkUnavailable: it was refused, failed, or takes too long
        """
        if not cursor.get("operation"):
            cursor["operation"] = self._begin(location)
            cursor["since"] = self.clock()
        while not (url := self._result(cursor)):
            # the caller may stop here and come back in another process
            yield CataloguePage((), dict(cursor), retry_after=BULK_POLL_SECONDS)
        yield from self._lines(url, location, cursor)

    def _begin(self, location):
        text = BULK_VARIANTS.replace("LOCATION", location)
        try:
            payload = self.client.execute(BULK_RUN, {"query": text})[BULK_RUN.name]
        except RejectedError as error:
            raise BulkUnavailable(str(error)) from error
        errors = payload["userErrors"]
        if errors or not payload["bulkOperation"]:
            words = " ".join(error["message"] for error in errors)
            raise BulkUnavailable(f"no bulk operation: {words}")
        return payload["bulkOperation"]["id"]

    def _result(self, cursor):
        """Return the address of the result, "" while it is not there."""
        variables = {"id": cursor["operation"]}
        operation = self.client.execute(BULK_STATUS, variables).data.get(
            BULK_STATUS.name
        )
        if not operation:
            raise BulkUnavailable("the bulk operation is gone")
        status = operation["status"]
        if status == "COMPLETED":
            # no url: the shop is empty
            return operation["url"] or "empty"
        if status not in RUNNING:
            raise BulkUnavailable(f"{status} {operation['errorCode'] or ''}".strip())
        if self.clock() - cursor["since"] > BULK_SECONDS:
            raise BulkUnavailable(f"not ended after {BULK_SECONDS} seconds")
        return ""

    def _lines(self, url, location, cursor):
        done, page = cursor.get("line", 0), []
        lines = () if url == "empty" else self._download(url)
        for number, line in enumerate(lines, 1):
            if number <= done:
                continue
            page.append(listing_of(_variant_of(line), location, ""))
            if len(page) == PAGE_ROWS:
                yield CataloguePage(tuple(page), {**cursor, "line": number})
                page = []
        following = _start(cursor, site=cursor["site"] + 1)
        yield CataloguePage(tuple(page), following)

    def _download(self, url):
        """Yield the lines of a result; memory holds one piece of it at a time.

        The address is signed: no token is sent there, and no other host is asked.
        """
        self._check_host(url)
        session = requests.Session()
        session.trust_env = self.client.http.trust_env
        try:
            with session.request(
                "GET",
                url,
                timeout=self.client.timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code != 200:
                    raise BulkUnavailable(f"the result answered {answer.status_code}")
                yield from answer.iter_lines(CHUNK)
        except requests.RequestException as error:
            raise ChannelUnreachable(
                "The result of a bulk read could not be downloaded "
                f"({type(error).__name__})."
            ) from error
        finally:
            session.close()

    def _check_host(self, url):
        found, own = urlsplit(url), urlsplit(self.config.api_url)
        if self.config.api_url:
            allowed = (found.hostname, found.port) == (own.hostname, own.port)
        else:
            allowed = found.scheme == "https" and found.hostname in RESULT_HOSTS
        if not allowed:
            raise BulkUnavailable(f"the result lies at {found.hostname}, not read")


def _start(cursor, **changes):
    """Return where the next location begins."""
    kept = {name: cursor[name] for name in ("site", "bulk") if name in cursor}
    return {**kept, **changes}


def _variant_of(line):
    """Return one line of a result.

    :raises ChannelUnreachable: it is not a variant
    """
    try:
        variant = json.loads(line)
    except ValueError:
        variant = None
    if not isinstance(variant, dict) or not variant.get("inventoryItem"):
        raise ChannelUnreachable("A line of a bulk read makes no sense.")
    return variant
