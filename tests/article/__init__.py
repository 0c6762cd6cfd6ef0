"""The help article, row by row (issue 3): what a gallery was promised, lived through the HTTP API."""
