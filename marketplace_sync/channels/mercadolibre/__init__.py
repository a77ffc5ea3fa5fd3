"""Mercado Libre: items, user products and depots, by its REST API."""

from .adapter import MercadoLibreAdapter

__all__ = ["MercadoLibreAdapter"]
