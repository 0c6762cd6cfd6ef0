"""Outgoing HTTP, limits, OAuth and secrets: on real sockets and a real Postgres."""
