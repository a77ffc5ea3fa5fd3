"""The scripts behind the Makefile: ``python3 -m dev <command>``.

They use the standard library only, because they run before anything is installed.
Everything they make is below ``.odoo/`` or in the user's cache directory.
"""
