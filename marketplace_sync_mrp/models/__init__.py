from . import (
    marketplace_stock_bills,
    marketplace_stock_kits,
    marketplace_stock_expand,
    marketplace_stock_production,
    marketplace_listing,
    marketplace_listing_buildable,
    marketplace_listing_explain,
    mrp_bom,
    uom_uom,
)
