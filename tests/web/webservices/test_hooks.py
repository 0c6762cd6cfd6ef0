"""Incoming hooks (PROMISES D5, R24): signed, only a hint, never a burden."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
from collections.abc import Iterator

import msgspec
import pytest
from pydantic import SecretStr

from plugins.xero.webservice import Xero
from tests.web.webservices.office import Office

KEY = "a-signing-key"


@pytest.fixture(autouse=True)
def signing_key(office: Office) -> Iterator[None]:
    """The operator's key, after the hub configured the kind."""
    before = Xero.config
    Xero.config = before.model_copy(update={"webhook_key": SecretStr(KEY)})
    yield
    Xero.config = before


def delivery(*organisations: str) -> bytes:
    events = [{"tenantId": one, "eventCategory": "INVOICE", "eventType": "UPDATE"} for one in organisations]
    return msgspec.json.encode({"events": events, "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "Q"})


async def deliver(office: Office, raw: bytes, *, signed: bytes | None = None) -> tuple[int, bytes, str]:
    signature = base64.b64encode(hmac.new(KEY.encode(), raw if signed is None else signed, hashlib.sha256).digest())
    headers = {"x-xero-signature": signature.decode(), "Content-Type": "application/json"}
    answer = await office.client.post("/hooks/xero", data=io.BytesIO(raw), headers=headers)
    return answer.status, await answer.read(), answer.headers.get("Set-Cookie", "")


async def is_woken(office: Office) -> bool:
    async with office.bench.hub.database.connection() as conn:
        return bool(
            await conn.fetchval("SELECT quiet_at IS NOT NULL FROM webservice WHERE id = $1", office.webservice_id)
        )


async def test_d5_a_good_signature_is_200_without_a_body_and_wakes_the_organisation(office: Office) -> None:
    await office.connect(scheduled=True)
    await office.sync()
    assert not await is_woken(office)
    assert await deliver(office, delivery("unknown", office.bench.organisation.id)) == (200, b"", "")
    assert await is_woken(office)


async def test_d5_a_wrong_or_missing_signature_is_401_and_wakes_nobody(office: Office) -> None:
    await office.connect(scheduled=True)
    await office.sync()
    raw = delivery(office.bench.organisation.id)
    assert await deliver(office, raw, signed=raw + b" ") == (401, b"", "")
    answer = await office.client.post("/hooks/xero", data=raw)
    assert (answer.status, await answer.read()) == (401, b"")
    assert not await is_woken(office)


async def test_d5_intent_to_receive_is_answered_by_the_signature_alone(office: Office) -> None:
    raw = b'{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S"}'
    assert await deliver(office, raw) == (200, b"", "")
    assert (await deliver(office, raw, signed=b"other"))[0] == 401


async def test_it_wakes_one_that_leaves_changes_of_the_gallery_to_the_schedule_too(office: Office) -> None:
    await office.connect(scheduled=True, on_change=False)
    await office.sync()
    assert (await deliver(office, delivery(office.bench.organisation.id)))[0] == 200
    assert await is_woken(office)


async def test_a_webservice_that_is_run_by_hand_is_not_woken(office: Office) -> None:
    await office.connect(scheduled=False)
    assert (await deliver(office, delivery(office.bench.organisation.id)))[0] == 200
    assert not await is_woken(office)


async def test_the_look_that_a_hook_asks_for_comes_before_the_scheduled_one(office: Office) -> None:
    await office.connect(scheduled=True)
    await office.sync()
    await deliver(office, delivery(office.bench.organisation.id))
    async with office.bench.hub.database.connection() as conn:
        waits = await conn.fetchval(
            "SELECT quiet_at < scheduled_at FROM webservice WHERE id = $1", office.webservice_id
        )
    assert waits is True


async def test_d3_an_oversized_delivery_and_an_unknown_kind_are_refused(office: Office) -> None:
    status, _, _ = await deliver(office, b"x" * (1024 * 1024 + 1))
    assert status == 413
    assert (await office.client.post("/hooks/nothing", data=b"{}")).status == 404
    assert (await office.client.post("/hooks/files", data=b"{}")).status == 404


async def test_a_plugin_that_fails_on_a_delivery_costs_nothing_but_a_401(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(headers: object, raw: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Xero, "webhook", broken)
    assert (await deliver(office, b"{}"))[0] == 401
