"""Amazon, through the Selling Partner API."""

from .adapter import AmazonAdapter

__all__ = ["AmazonAdapter"]
