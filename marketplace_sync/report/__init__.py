from . import (
    marketplace_exposure,
    marketplace_sync_figures,
    marketplace_sync_health,
    marketplace_sync_measure,
)
