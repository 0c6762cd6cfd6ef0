"""What comes with the hub itself: exclude filters, the kind `files`, and the notifiers `mail` and `webhook`."""

from hub import EventNotifier, ExcludeFilter, Notifier, Webservice, hookimpl
from plugins.core.exclusions import FILTERS
from plugins.core.files import Files
from plugins.core.mail import Mail
from plugins.core.webhook import Webhook


@hookimpl
def hub_webservices() -> list[type[Webservice]]:
    """Files for an accountant without an API."""
    return [Files]


@hookimpl
def hub_exclude_filters() -> list[ExcludeFilter]:
    """Number, contact, channel, tag, kind, currency, date, amount."""
    return list(FILTERS)


@hookimpl
def hub_notifiers() -> list[Notifier | EventNotifier]:
    """Mail to people, signed webhooks to gallery systems."""
    return [Mail(), Webhook()]
