"""Shopify Admin API (GraphQL), version 2026-10."""

from .adapter import ShopifyAdapter

__all__ = ["ShopifyAdapter"]
