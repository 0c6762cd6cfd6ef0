"""Notifiers are plugins: what one does costs nobody else, and never a run (PROMISES E1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from hub import Delivery, Notice, PermanentError
from hub.bootstrap import load_registry, open_notifiers, working
from hub.domain import telling
from hub.errors import PluginError
from hub.remote.outbound import Outbound
from hub.settings import Settings
from hub.store import events
from hub.sync.telling import Teller, why_off
from plugins.core.mail import Mail
from plugins.core.mail_server import parse_server
from tests.sync.harness import GALLERY, make_contact, make_invoice, make_line
from tests.telling.receivers import Receiver
from tests.telling.tellers import PUBLIC_URL, Told


class Pigeon:
    """Remembers what it was told; fails as it is told to."""

    key = "pigeon"

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.notices: list[Notice] = []

    async def notify(self, message: Notice) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.notices.append(message)


class Stone:
    """Never returns."""

    key = "stone"

    async def notify(self, message: Notice) -> None:
        await asyncio.Event().wait()


async def hold_one(told: Told) -> None:
    await told.office.bench.put(make_contact(), make_invoice(lines=[make_line(tax_code="moon")]))
    await told.office.connect()
    await told.office.sync()


async def gather(told: Told, teller: Teller) -> None:
    await told.run("UPDATE notice SET due_at = clock_timestamp() WHERE due_at IS NOT NULL")
    await teller.look()
    await teller.idle()


async def test_a_strangers_notifier_gets_the_same_notice_once(told: Told) -> None:
    await hold_one(told)
    pigeon = Pigeon()
    mail = told.office.bench.hub.registry.notifiers["mail"]
    teller = told.teller_with({"pigeon": pigeon, "mail": mail})
    await gather(told, teller)
    await gather(told, teller)
    (notice,) = pigeon.notices
    assert len(told.mailbox.mails) == 1
    assert told.mailbox.mails[0]["Message-ID"] == f"<{notice.id}@hub.example.com>"
    assert (notice.gallery, notice.webservice, notice.to) == ("Harbour Lane Gallery", "Xero", "owner@example.com")
    assert (notice.opened_count, notice.closed_count, notice.open_count) == (1, 0, 1)
    assert notice.opened[0].records == ("invoice 1",)


@pytest.mark.parametrize("failure", [RuntimeError("no"), SystemExit(1), PermanentError("gone", "no"), TimeoutError()])
async def test_one_that_fails_is_tried_again_and_costs_the_others_nothing(told: Told, failure: BaseException) -> None:
    await hold_one(told)
    bad, good = Pigeon(failure), Pigeon()
    teller = told.teller_with({"bad": bad, "good": good})
    with structlog.testing.capture_logs() as logs:
        await gather(told, teller)
        await gather(told, teller)
    assert (len(bad.notices), len(good.notices)) == (1, 1)
    assert [one["notifier"] for one in logs if one["event"] == "notice.not_told"] == ["bad"]
    assert await told.value("SELECT due_at FROM notice") is None


async def test_one_that_never_returns_is_cut_off(told: Told) -> None:
    await hold_one(told)
    good = Pigeon()
    teller = told.teller_with({"stone": Stone(), "good": good}, notify_seconds=0.2)
    await gather(told, teller)
    assert len(good.notices) == 1
    assert "stone: no end within its time" in await told.value("SELECT error FROM notice")
    run = await told.office.sync()
    assert run["state"] == "done"


async def test_two_daemons_tell_once(told: Told) -> None:
    await hold_one(told)
    pigeon = Pigeon()
    daemons = [told.teller_with({"pigeon": pigeon}) for _ in range(4)]
    await told.run("UPDATE notice SET due_at = clock_timestamp()")
    await asyncio.gather(*(one.look() for one in daemons))
    await asyncio.gather(*(one.idle() for one in daemons))
    assert len(pigeon.notices) == 1


async def test_news_that_arrive_while_people_are_told_are_told_next(told: Told) -> None:
    await hold_one(told)

    class Slow(Pigeon):
        async def notify(self, message: Notice) -> None:
            if not self.notices:
                await told.office.bench.put(make_invoice("i-2", lines=[make_line(tax_code="sun")]))
                await told.office.sync()
            await super().notify(message)

    slow = Slow()
    teller = told.teller_with({"slow": slow})
    await gather(told, teller)
    assert await told.value("SELECT due_at FROM notice") is not None
    await told.rest()
    await gather(told, teller)
    assert [[one.records for one in notice.opened] for notice in slow.notices] == [[("invoice 1",)], [("invoice 2",)]]


async def test_nothing_due_costs_one_statement(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    await hold_one(told)  # there is news, and it is not due yet
    await told.run("UPDATE notice SET due_at = clock_timestamp() + interval '1 hour'")
    statements: list[str] = []
    database = told.office.bench.hub.database
    connect = database.connection

    @asynccontextmanager
    async def listen() -> AsyncIterator[Any]:
        async with connect() as conn:
            with conn.query_logger(lambda record: statements.append(record.query)):
                yield conn

    monkeypatch.setattr(database, "connection", listen)
    assert await told.teller.look() == 0
    assert len(statements) == 1


async def test_a_daemon_at_work_tells_by_itself(told: Told, receiver: Receiver) -> None:
    hub = told.office.bench.hub
    await told.register(receiver.url)
    async with working(hub):
        async with hub.database.transaction() as conn:
            (id_,) = await events.append_all(conn, GALLERY, [("a", {})])
        async with asyncio.timeout(30):
            await receiver.came.wait()
    assert receiver.tries == [id_]
    assert await told.value("SELECT delivered_id FROM callback") == id_  # the drain let it end


def test_without_a_server_mail_is_off_and_says_so() -> None:
    assert "HUB_SMTP_URL" in (why_off(Mail()) or "")


def test_a_bad_server_stops_the_start_without_its_password() -> None:
    registry = load_registry(Settings())
    for bad in ("smtp://u:hush@", "smtp://h/path", "smtps://h?starttls=never", "smtp://h?x=1", "smtp://h?from=a%0Ab@c"):
        settings = Settings(smtp_url=SecretStr(bad))
        with pytest.raises(PluginError, match="notifier 'mail': HUB_SMTP_URL") as caught:
            open_notifiers(registry, settings, Outbound(), public_url=PUBLIC_URL)
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 25, "optional", "integration-hub@hub.example.com", "", "")),
        ("smtp://a%40b.c:p%3Aw@h", ("h", 587, "optional", "a@b.c", "a@b.c", "p:w")),
        ("smtps://u:p@h?from=x@y.z", ("h", 465, "implicit", "x@y.z", "u", "p")),
        ("smtp+starttls://h:2525", ("h", 2525, "required", "integration-hub@hub.example.com", "", "")),
        ("smtp://h?starttls=never", ("h", 25, "never", "integration-hub@hub.example.com", "", "")),
    ],
)
def test_the_address_of_the_mail_server(url: str, expected: tuple[object, ...]) -> None:
    made = parse_server(url, public_host="hub.example.com")
    assert (made.host, made.port, made.tls, made.sender, made.user, made.password) == expected
    assert "p:w" not in repr(made)


def test_delays_grow_to_an_hour_and_never_undercut_what_the_receiver_asked_for() -> None:
    assert [telling.next_delay(n, 1.0) for n in (1, 2, 3, 10, 11, 50)] == [5, 10, 20, 2560, 3600, 3600]
    assert telling.next_delay(1, 0.0) == 2.5
    assert telling.next_delay(1, 0.0, 90) == 90
    assert telling.next_delay(1, 1.0, 10**9) == 3600


def test_a_delivery_and_a_notice_are_frozen_values() -> None:
    delivery = Delivery(gallery_id="g", id="evt_1", url="https://x.example/", headers={}, body=b"{}", attempt=1)
    with pytest.raises(AttributeError):
        delivery.url = "https://y.example/"  # type: ignore[misc] # that it cannot be set is the test
