from . import (
    marketplace_account_preview,
    marketplace_health_address,
    marketplace_listing_fulfilment,
    marketplace_listing_match,
    marketplace_listing_match_line,
    marketplace_reconciliation_accept,
    marketplace_reconciliation_run,
)
