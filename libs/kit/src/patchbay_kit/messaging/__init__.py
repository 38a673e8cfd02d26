"""Subscriptions and the consumer's inbox: types and tables, no broker."""

from patchbay_kit.messaging.subscriptions import Handler, Subscription, Subscriptions, each

__all__ = ["Handler", "Subscription", "Subscriptions", "each"]
