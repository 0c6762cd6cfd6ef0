"""The JSON API: one module a noun, each with its `ROUTES`."""
