"""The three marketplaces on loopback: real protocols, made-up shops, no network.

``python -m simulator`` starts them; :func:`simulator.testing.running` starts them
inside a test.
"""
