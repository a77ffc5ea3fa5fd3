from . import controllers, models, report, wizards


def post_init(env):
    """Flag the locations whose goods must never be sold, once."""
    env["stock.location"]._marketplace_flag_unsaleable()
