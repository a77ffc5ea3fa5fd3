{
    "name": "Marketplace Sync: Kits and Manufacturing",
    "summary": "Kits sell what their components allow, on every marketplace",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "marketplace_sync maintainers",
    "license": "LGPL-3",
    # sale_mrp comes with mrp wherever there are sales; it brings both.
    "depends": ["marketplace_sync", "sale_mrp"],
    "auto_install": True,
    "data": [
        "views/marketplace_listing_views.xml",
    ],
}
