"""HTTP: the aiohttp application, its API and its pages."""
