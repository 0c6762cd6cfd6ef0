"""Gallery systems are told by signed webhooks: in order, until acknowledged (issue 3; Standard Webhooks)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from hub.errors import StartupError
from hub.remote.secrets import SecretBox
from hub.store import events, grants, keys
from tests.sync.harness import GALLERY, cents, make_contact, make_invoice
from tests.telling.receivers import Receiver, is_signed, open_receiver
from tests.telling.tellers import CALLBACK, Told
from tests.web.conftest import Api


async def tell(told: Told, *types: str) -> list[str]:
    """Events of these types; returns their ids."""
    async with told.office.bench.hub.database.transaction() as conn:
        return await events.append_all(
            conn, GALLERY, [(one, {"n": n, "amount": "1.50"}) for n, one in enumerate(types)]
        )


async def pay_there(told: Told, amount: str = "200.00") -> None:
    """A person records a payment in Xero."""
    bench = told.office.bench
    bench.organisation.pay(bench.invoice("AG-1").id, cents(amount), account="090")


async def test_a_payment_made_there_reaches_the_gallery_system_signed(told: Told, receiver: Receiver) -> None:
    await told.office.bench.put(make_contact(), make_invoice())
    await told.office.connect()
    await told.office.sync()
    secret = await told.register(receiver.url)
    await pay_there(told)
    await told.office.sync()
    await told.deliver()
    assert receiver.types == ["payment.received", "run.finished"]
    event = receiver.taken[0]
    assert (event["data"]["invoice_id"], event["data"]["amount"]) == ("i-1", "200.00")
    headers, body = receiver.raw[0]
    assert headers["Content-Type"] == "application/json"
    assert headers["webhook-id"] == event["id"]
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert is_signed(headers, body, secret)
    assert not is_signed(headers, body + b" ", secret)
    assert Webhook(secret).verify(body.decode(), {k.lower(): v for k, v in headers.items()})["id"] == event["id"]
    assert [json.loads(body) for _, body in receiver.raw] == (await told.events())[-2:]


async def test_a_receiver_that_is_down_gets_everything_in_order_when_it_is_back(told: Told, receiver: Receiver) -> None:
    await told.register(receiver.url)
    ids = await tell(told, "a", "b", "c")
    receiver.statuses = [500, 302, 404]
    for attempts in (1, 2, 3):
        await told.look()
        _, shown = await told.office.get(CALLBACK)
        assert (shown["attempts"], shown["waiting"], shown["state"]) == (attempts, 3, "on")
        assert shown["next_try_at"] is not None
        assert "the receiver answered" in shown["error"]
        await told.run("UPDATE callback SET due_at = clock_timestamp()")
    assert receiver.tries == [ids[0]] * 3  # the first one blocks the others
    await told.deliver()
    assert [one["id"] for one in receiver.taken] == ids
    _, shown = await told.office.get(CALLBACK)
    assert (shown["attempts"], shown["waiting"], shown["error"]) == (0, 0, None)
    assert shown["delivered_id"] == ids[-1]
    assert await told.look() == 0


async def test_new_events_do_not_shorten_the_wait_of_a_receiver_that_is_down(told: Told, receiver: Receiver) -> None:
    await told.register(receiver.url)
    receiver.statuses = [500]
    await tell(told, "a")
    await told.run("UPDATE callback SET attempts = 12")  # the twelfth failure: an hour, as the tests count
    await told.look()
    before = await told.value("SELECT due_at FROM callback")
    await tell(told, "b")
    assert await told.value("SELECT due_at FROM callback") == before


async def test_a_slow_gallery_delays_no_other(told: Told, receiver: Receiver) -> None:
    other = "other-side"
    await told.office.put(
        f"/api/v1/galleries/{other}", {"name": "O", "country": "AU", "currency": "AUD", "timezone": "UTC"}
    )
    async with open_receiver() as slow:
        slow.hang = asyncio.Event()
        await told.register(slow.url)
        status, _ = await told.office.call("PUT", f"/api/v1/galleries/{other}/callback", json={"url": receiver.url})
        assert status == 201
        await tell(told, "a")
        async with told.office.bench.hub.database.transaction() as conn:
            await events.append(conn, other, "b", {})
        assert await told.teller.look() == 2
        async with asyncio.timeout(20):
            await receiver.came.wait()
        assert slow.taken == []
        slow.hang.set()
        await told.teller.idle()
        assert slow.types == ["a"]


async def test_what_waited_seven_days_is_left_behind_counted_and_still_listed(told: Told, receiver: Receiver) -> None:
    await told.register(receiver.url)
    ids = await tell(told, "a", "b", "c")
    await told.run("UPDATE event SET at = at - interval '8 days' WHERE type IN ('a', 'b')")
    await told.deliver()
    assert receiver.types == ["c"]
    _, shown = await told.office.get(CALLBACK)
    assert (shown["skipped"], shown["waiting"]) == (2, 0)
    assert [one["id"] for one in await told.events()] == ids


async def test_a_receiver_that_is_gone_is_left_alone_until_it_is_set_again(told: Told, receiver: Receiver) -> None:
    secret = await told.register(receiver.url)
    receiver.statuses = [410]
    await tell(told, "a", "b")
    await told.deliver()
    await tell(told, "c")
    await told.deliver()
    assert len(receiver.tries) == 1
    _, shown = await told.office.get(CALLBACK)
    assert (shown["state"], shown["waiting"]) == ("gone", 3)
    assert "410" in shown["error"]
    assert await told.register(receiver.url) == secret
    await told.deliver()
    assert receiver.types == ["a", "b", "c"]


async def test_the_secret_stays_with_its_url_and_changes_by_word(told: Told, receiver: Receiver) -> None:
    first = await told.register(receiver.url)
    assert first.startswith("whsec_")
    await tell(told, "a")
    assert await told.register(receiver.url) == first  # and what waits stays
    second = await told.register(receiver.url, rotate=True)
    assert second != first
    await told.deliver()
    headers, body = receiver.raw[0]
    assert is_signed(headers, body, first)
    assert is_signed(headers, body, second)
    await told.run("UPDATE callback SET previous_until = clock_timestamp()")
    await tell(told, "b")
    await told.deliver()
    headers, body = receiver.raw[1]
    assert not is_signed(headers, body, first)
    assert is_signed(headers, body, second)
    third = await told.register(receiver.url + "?new")
    await tell(told, "c")
    await told.deliver()
    headers, body = receiver.raw[2]
    assert not is_signed(headers, body, second)
    assert is_signed(headers, body, third)


async def test_no_secret_is_stored_in_the_clear_or_shown(told: Told, receiver: Receiver) -> None:
    secret = await told.register(receiver.url)
    row = await told.value("SELECT callback::text FROM callback")
    assert secret[6:20] not in row
    status, shown = await told.office.get(CALLBACK)
    assert status == 200
    assert "secret" not in shown


async def test_a_callback_gets_the_events_from_then_on_until_it_is_removed(told: Told, receiver: Receiver) -> None:
    await tell(told, "before")
    assert (await told.office.get(CALLBACK))[0] == 404
    await told.register(receiver.url)
    await tell(told, "during")
    await told.deliver()
    assert (await told.office.call("DELETE", CALLBACK))[0] == 204
    assert (await told.office.call("DELETE", CALLBACK))[0] == 404
    await tell(told, "after")
    await told.deliver()
    assert receiver.types == ["during"]


BAD: tuple[dict[str, object], ...] = (
    {},
    {"url": ""},
    {"url": 5},
    {"url": "http://gallery.example.com"},
    {"url": "https://10.0.0.1/"},
    {"url": "https://user:pass@gallery.example.com"},
    {"url": "https://x.example/" + "a" * 3000},
    {"url": "https://x.example/\0"},
    {"url": "https://x.example/", "rotate": "yes"},
    {"url": "https://x.example/", "secret": "whsec_mine"},
)


async def test_a_bad_callback_is_refused_with_its_fault(told: Told) -> None:
    for body in BAD:
        status, answer = await told.office.call("PUT", CALLBACK, json=body)
        assert (status, answer["errors"][0]["at"] in {"url", "rotate", "secret"}) == (422, True), body
    assert (await told.office.get(CALLBACK))[0] == 404


async def test_only_who_may_change_the_gallery_may_touch_its_callback(told: Told) -> None:
    async with told.office.bench.hub.database.transaction() as conn:
        reader = Api(told.office.client, await keys.create(conn, "gallery-reader", GALLERY))
        admin = Api(told.office.client, await keys.create(conn, "gallery-admin", GALLERY))
    for method in ("PUT", "GET", "DELETE"):
        body = {"json": {"url": "https://x.example/"}} if method == "PUT" else {}
        assert (await reader.call(method, CALLBACK, **body))[0] == 403
        assert (await admin.call(method, CALLBACK, **body))[0] in {200, 201, 204}
    assert (await told.office.call("PUT", "/api/v1/galleries/nowhere/callback", json={"url": "https://x.example/"}))[
        0
    ] == 404


async def test_an_event_is_delivered_by_one_daemon_at_a_time(told: Told, receiver: Receiver) -> None:
    await told.register(receiver.url)
    ids = await tell(told, *"abcdefgh")
    notifiers = dict(told.office.bench.hub.registry.notifiers)
    daemons = [told.teller, *(told.teller_with(notifiers) for _ in range(3))]
    while any(await asyncio.gather(*(one.look() for one in daemons))):
        await asyncio.gather(*(one.idle() for one in daemons))
    assert receiver.tries == ids


async def test_a_daemon_that_dies_with_an_event_leaves_it_to_another(told: Told, receiver: Receiver) -> None:
    await told.register(receiver.url)
    (id_,) = await tell(told, "a")
    receiver.hang = asyncio.Event()
    await told.teller.look()
    async with asyncio.timeout(20):
        await receiver.came.wait()
    for task in list(told.teller._deliveries):
        task.cancel()
    await told.teller.idle()
    receiver.hang.set()
    receiver.hang = None
    other = told.teller_with(dict(told.office.bench.hub.registry.notifiers))
    assert await other.look() == 0  # the dead one's claim still counts
    await told.run("UPDATE callback SET claimed_until = clock_timestamp()")
    assert await other.look() == 1
    await other.idle()
    assert receiver.tries == [id_, id_]  # at least once, under one id


async def test_a_key_that_seals_a_callback_is_never_forgotten(told: Told, receiver: Receiver) -> None:
    await told.register(receiver.url)
    box = told.office.bench.hub.services.box
    other = SecretBox([b"n" * 32])
    async with told.office.bench.hub.database.transaction() as conn:
        with pytest.raises(StartupError, match=box.key_id):
            await grants.check_keys(conn, other)
