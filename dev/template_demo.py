"""Load Odoo's demo data into the template; runs in an Odoo shell (``env`` is given)."""

from odoo.modules.loading import force_demo

force_demo(env)  # noqa: F821
env.cr.commit()  # noqa: F821
