from . import access_log, health, main
