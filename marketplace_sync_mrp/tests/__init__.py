from . import (
    test_kits,
    test_kits_odoo,
    test_kits_refresh,
    test_kits_promised,
    test_kits_explained,
    test_kits_returned,
    test_buildable,
    test_production,
    test_fulfilled_elsewhere,
)
