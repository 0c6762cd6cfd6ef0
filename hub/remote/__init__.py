"""Outgoing HTTP, its limits, OAuth, and the box that secrets are kept in."""
