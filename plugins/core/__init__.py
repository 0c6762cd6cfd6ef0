"""What comes with the hub itself: exclude filters, and the kind `files`."""

from hub import ExcludeFilter, Webservice, hookimpl
from plugins.core.exclusions import FILTERS
from plugins.core.files import Files


@hookimpl
def hub_webservices() -> list[type[Webservice]]:
    """Files for an accountant without an API."""
    return [Files]


@hookimpl
def hub_exclude_filters() -> list[ExcludeFilter]:
    """Number, contact, channel, tag, kind, currency, date, amount."""
    return list(FILTERS)
