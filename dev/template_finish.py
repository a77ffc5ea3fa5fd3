"""Finish the template database; runs in an Odoo shell (``env`` is given).

Clones of a database share no file store, so attachments must be in the database.
The web client's bundles take 20 s to make: made once here, every clone has them
(TEMPLATE_ASSETS: "1" or "").
"""

import os

env["ir.config_parameter"].set_param("ir_attachment.location", "db")  # noqa: F821
env["ir.attachment"].force_storage()  # noqa: F821
for name in os.environ["TEMPLATE_ASSETS"] and (
    "web.assets_web",
    "web.assets_web_print",
    "web.assets_tests",
    "web.assets_frontend",
    "web.assets_frontend_minimal",
    "web.assets_frontend_lazy",
):
    bundle = env["ir.qweb"]._get_asset_bundle(name)  # noqa: F821
    bundle.css()
    bundle.js()
env.cr.commit()  # noqa: F821
