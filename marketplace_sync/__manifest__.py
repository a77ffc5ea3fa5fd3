{
    "name": "Marketplace Sync",
    "summary": "Publish the right quantity to Amazon, Shopify and Mercado Libre",
    # README.md is for the repository, not for the app's page.
    "description": " ",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "marketplace_sync maintainers",
    "license": "LGPL-3",
    "application": True,
    "depends": ["sale_stock", "stock_delivery"],
    "external_dependencies": {
        "python": ["cryptography", "requests", "ShopifyAPI", "python-amazon-sp-api"],
    },
    "data": [
        "security/marketplace_sync_groups.xml",
        "security/ir.model.access.csv",
        "security/marketplace_sync_rules.xml",
        "data/marketplace_buffer_policy_data.xml",
        "data/ir_cron_data.xml",
        "views/marketplace_account_views.xml",
        "views/marketplace_listing_views.xml",
        "views/marketplace_site_views.xml",
        "views/marketplace_buffer_policy_views.xml",
        "views/marketplace_push_views.xml",
        "views/product_views.xml",
        "views/stock_location_views.xml",
        "views/marketplace_sync_menus.xml",
    ],
    "demo": [
    ],
}
