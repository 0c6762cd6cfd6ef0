"""Counts and durations of requests for Prometheus, in a registry of the application's own."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from hub.web.routes import Policy, Route


class Metrics:
    """What the application measures. Labels are route templates and statuses: nobody's names."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.requests = Counter(
            "hub_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "hub_http_request_seconds", "Time to answer a request.", ("method", "route"), registry=self.registry
        )
        self.in_flight = Gauge("hub_http_requests_in_flight", "Requests under way.", registry=self.registry)


METRICS = web.AppKey("metrics", Metrics)


async def show_metrics(request: web.Request) -> web.Response:
    """Render the registry."""
    text = generate_latest(request.app[METRICS].registry)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


ROUTES = (
    Route(
        method="GET",
        path="/metrics",
        handler=show_metrics,
        policy=Policy.PUBLIC,
        summary="Counts and durations for Prometheus; no names of galleries in it.",
        tag="Operation",
        response={"type": "string"},
        media="text/plain",
    ),
)
