"""Sales reach the demo's Odoo at once: notifications go to today's address.

Shopify's subscriptions are registered as a user does it, by the account's button;
Mercado Libre's callback is set in the simulator, as a seller sets it in the console of
the application; Amazon has no notifications without a queue, so its orders are looked
for more often than usual.
"""

#: Minutes between two looks at Amazon's orders. More often than its limit of 0.0056
#: requests a second allows for long: the burst of 20 lasts for a demo.
AMAZON_MINUTES = 1


def arrange(scenario, account, odoo_url):
    """Tell the account's channel where this Odoo listens.

    :param odoo_url: "" = no server: nothing is arranged
    """
    if not odoo_url:
        return
    parameters = scenario.env["ir.config_parameter"].sudo()
    parameters.set_param("web.base.url", odoo_url)
    parameters.set_param("web.base.url.freeze", "True")
    account.invalidate_recordset(["webhook_address"])
    if account.channel == "shopify":
        account.action_register_webhooks()
    elif account.channel == "mercadolibre":
        scenario._control(
            "subscribe",
            {"channel": "mercadolibre", "callback": account.webhook_address},
        )
    elif account.channel == "amazon":
        account.order_interval_minutes = AMAZON_MINUTES
