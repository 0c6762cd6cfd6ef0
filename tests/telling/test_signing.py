"""Signatures by the letter of Standard Webhooks, checked by its own library and by its published example."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from hub.domain import signing


def test_the_example_of_the_spec_has_its_signature() -> None:
    # From the spec's own test vector (standard-webhooks, libraries' tests).
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    told = signing.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_library_of_the_spec_takes_the_headers_and_no_altered_body() -> None:
    old, new = (signing.render_secret(bytes([one]) * signing.SECRET_BYTES) for one in (1, 2))
    body = json.dumps({"id": "evt_1", "name": "Ähre"}).encode()
    headers = signing.signed_headers((new, old), "evt_1", int(datetime.now(UTC).timestamp()), body)
    for secret in (new, old):
        assert Webhook(secret).verify(body.decode(), headers)["id"] == "evt_1"
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body.decode() + " ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.render_secret(b"3" * 32)).verify(body.decode(), headers)
