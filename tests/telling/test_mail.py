"""People are told by mail what changed for them, once, in words (DOMAIN O15, PROMISES B11)."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from hub import NotifierTools, Secret
from hub.errors import PermanentError
from hub.remote.outbound import Outbound
from plugins.core.mail import Mail, parse_address
from tests.sync.harness import GALLERY, make_contact, make_gallery, make_invoice, make_line
from tests.telling.receivers import Mailbox, html_of, serve_mail, text_of
from tests.telling.tellers import PUBLIC_URL, Told, open_told
from tests.web.webservices.office import BASE


async def hold_some(told: Told, count: int = 3) -> None:
    """Invoices that are held for one cause: their tax code is not there."""
    held = [make_invoice(f"i-{n}", lines=[make_line(tax_code="moon")]) for n in range(1, count + 1)]
    await told.office.bench.put(make_contact(), *held)


async def put_right(told: Told) -> None:
    """The tax code arrives, and is mapped."""
    code = {"type": "tax_code", "id": "moon", "name": "Moon", "rate": "10", "kind": "standard"}
    await told.office.bench.put(code)
    await told.office.map({"slot": "tax", "when": {"tax_code": "moon"}, "to": {"code": "OUTPUT"}})


async def test_o15_a_run_with_held_invoices_is_one_mail_and_a_quiet_one_is_none(told: Told) -> None:
    await hold_some(told, 7)
    await told.office.connect()
    await told.office.sync()
    assert await told.look() == 0  # it is gathered first
    await told.gather()
    (mail,) = told.mailbox.mails
    _, problems = await told.office.get(f"{told.office.path}/problems")
    (problem,) = problems["items"]
    assert told.mailbox.recipients == ["owner@example.com"]
    assert mail["Subject"] == "Harbour Lane Gallery: 1 problem in Xero needs you"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == "Integration hub <hub@hub.example.com>"
    assert mail["Message-ID"].startswith(f"<{told.office.webservice_id}-")
    assert mail["Message-ID"].endswith("@hub.example.com>")
    assert parsedate_to_datetime(mail["Date"]).tzinfo is not None
    link = f"{PUBLIC_URL}/galleries/{GALLERY}/webservices/{told.office.webservice_id}/problems/{problem['id']}"
    text, page = text_of(mail), html_of(mail)
    assert problem["message"] in text
    assert problem["remedy"] in text
    assert "7 records wait: invoice 1, invoice 2, invoice 3, invoice 4, invoice 5 and 2 more" in text
    assert link in text
    assert f'href="{link}"' in page
    assert "7 records wait" in page
    assert "Australia/Sydney" in text
    await told.office.sync()
    await told.gather()
    await told.rest()
    await told.gather()
    assert len(told.mailbox.mails) == 1


async def test_a_cause_that_is_gone_is_one_mail_and_was_told_before(told: Told) -> None:
    await hold_some(told)
    await told.office.connect()
    await told.office.sync()
    await told.gather()
    await put_right(told)
    await told.office.sync()
    await told.gather()
    assert len(told.mailbox.mails) == 1  # at most one an hour
    await told.rest()
    await told.gather()
    _, mail = told.mailbox.mails
    assert mail["Subject"] == "Harbour Lane Gallery: 1 problem in Xero is solved"
    assert "Solved" in text_of(mail)
    assert "Nothing is open now" in text_of(mail)
    await told.rest()
    await told.gather()
    assert len(told.mailbox.mails) == 2


async def test_what_came_and_went_before_anybody_was_told_is_not_told(told: Told) -> None:
    await hold_some(told)
    await told.office.connect()
    await told.office.sync()
    await put_right(told)
    await told.office.sync()
    await told.gather()
    assert told.mailbox.mails == []
    assert await told.value("SELECT due_at FROM notice") is None


async def test_a_cause_that_went_and_came_back_between_two_mails_is_not_told_again(told: Told) -> None:
    await hold_some(told)
    await told.office.connect()
    await told.office.sync()
    await told.gather()
    await told.run("UPDATE problem SET closed_at = clock_timestamp()")
    await told.run("UPDATE entry SET asked = asked + 1, forced = true, problem_id = NULL WHERE state = 'held'")
    await told.office.sync()
    assert await told.value("SELECT count(*) FROM problem WHERE closed_at IS NULL") == 1
    await told.rest()
    await told.gather()
    assert len(told.mailbox.mails) == 1
    await put_right(told)
    await told.office.sync()
    await told.rest()
    await told.gather()
    assert [mail["Subject"][-6:] for mail in told.mailbox.mails[1:]] == ["solved"]


async def test_a_webservice_that_lost_its_access_is_told_at_once_and_once(told: Told) -> None:
    await hold_some(told)
    await told.office.connect(admin_email="books@gallery.example")
    await told.office.sync()
    await told.gather()
    told.office.bench.sandbox.tokens.revoke_user(next(iter(told.office.bench.sandbox.tokens.users)))
    await told.office.call("POST", f"{told.office.path}/sync", json={})
    await told.office.bench.work()
    await told.gather()  # no hour of rest for that
    first, mail = told.mailbox.mails
    assert mail["Subject"] == "Harbour Lane Gallery: Xero has stopped and needs you"
    assert "Reauthorise" in text_of(mail)
    assert told.mailbox.recipients == ["books@gallery.example"] * 2
    assert first["Message-ID"] != mail["Message-ID"]
    await told.rest()
    await told.gather()
    assert len(told.mailbox.mails) == 2


async def test_texts_of_galleries_break_out_of_nothing(told: Told) -> None:
    name = "Evil\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>\u202e=cmd()"
    await told.office.bench.put(make_gallery(name=name))
    lines = [
        {"id": "1", "kind": "artwork", "description": "x", "quantity": "1", "unit_price": "500.00", "tax_code": "moon"}
    ]
    await told.office.bench.put(make_contact(), make_invoice(number="7<b>\n8", lines=lines))
    await told.office.connect()
    await told.office.call("PATCH", told.office.path, json={"name": "Xero<i>é"})
    await told.office.sync()
    await told.gather()
    (mail,) = told.mailbox.mails
    assert mail["Bcc"] is None
    assert told.mailbox.recipients == ["owner@example.com"]
    assert "\n" not in mail["Subject"]
    assert "<script" not in html_of(mail)
    assert "&lt;script&gt;" in html_of(mail)
    assert "7<b>" not in html_of(mail)
    assert "invoice 7<b> 8" in text_of(mail)
    assert "\u202e" not in text_of(mail) + mail["Subject"]
    assert all(len(line) <= 998 for line in told.mailbox.raw[0].split(b"\r\n"))


async def test_without_an_address_nothing_is_lost(told: Told) -> None:
    await told.office.bench.put(make_gallery(email=None))
    await hold_some(told)
    await told.office.connect()
    await told.office.sync()
    await told.gather()
    assert told.mailbox.mails == []
    assert "no address" in await told.value("SELECT error FROM notice")
    await told.office.bench.put(make_gallery(email="new@example.com"))
    await told.gather()
    assert told.mailbox.recipients == ["new@example.com"]
    assert await told.value("SELECT error FROM notice") is None


NO_ADDRESS = (None, "", "nobody", "a@b\r\nBcc: c@example.com", "a@example.com, b@example.com", "<a@b>")


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_what_is_no_address_is_not_written_to(text: str | None) -> None:
    with pytest.raises(PermanentError):
        parse_address(text)


async def test_a_server_that_was_away_gets_the_mail_when_it_is_back(dsn: str, tmp_path: Path) -> None:
    box = Mailbox()
    async with serve_mail(box):
        pass  # its port is known now, and nobody listens
    async with open_told(dsn, tmp_path, box) as told:
        await hold_some(told)
        await told.office.connect()
        await told.office.sync()
        for attempts in (1, 2):
            await told.gather()
            assert await told.value("SELECT attempts FROM notice") == attempts
            assert await told.value("SELECT due_at > clock_timestamp() FROM notice")
        async with serve_mail(box):
            await told.gather()
            assert len(box.mails) == 1
            await told.gather()
        assert len(box.mails) == 1
        assert await told.value("SELECT attempts FROM notice") == 0


async def test_a_recipient_refused_for_now_is_tried_soon_and_one_refused_for_good_a_day_later(
    told: Told,
) -> None:
    await hold_some(told)
    await told.office.connect()
    await told.office.sync()
    for answer, at_least, at_most in (("450 try later", 0, 1), ("550 no such user", 20, 24)):
        told.mailbox.rcpt = answer
        await told.gather()
        assert answer[:3] in await told.value("SELECT error FROM notice")
        # the clock of the tests runs a hundred times faster
        waits = await told.value("SELECT extract(epoch FROM due_at - clock_timestamp()) * 100 / 3600 FROM notice")
        assert at_least < waits <= at_most
    told.mailbox.rcpt = "250 OK"
    await told.gather()
    assert len(told.mailbox.mails) == 1


async def test_a_log_in_that_is_refused_is_said_and_tried_again(dsn: str, tmp_path: Path) -> None:
    box = Mailbox()
    async with serve_mail(box, auth=True):
        wrong = f"smtp://hub%40example.com:wrong@127.0.0.1:{box.port}"
        async with open_told(dsn, tmp_path, box, smtp=wrong) as told:
            await hold_some(told)
            await told.office.connect()
            await told.office.sync()
            await told.gather()
            error = await told.value("SELECT error FROM notice")
            assert "refuses the log-in (535)" in error
            assert "wrong" not in error
            right = Mail()
            box_url = f"smtp://hub%40example.com:p%40ss%20word@127.0.0.1:{box.port}"
            right.open(
                NotifierTools(settings={}, smtp_url=Secret(box_url), public_url=PUBLIC_URL, post=Outbound().post)
            )
            other = told.teller_with({"mail": right})
            await told.run("UPDATE notice SET due_at = clock_timestamp()")
            await other.look()
            await other.idle()
            assert [mail["From"] for mail in box.mails] == ["Integration hub <hub@example.com>"]
            assert box.user == "hub@example.com"


async def test_a_run_under_way_is_waited_for(told: Told) -> None:
    await hold_some(told)
    await told.office.connect()
    await told.office.sync()
    await told.run("UPDATE lease SET owner = 'd-other', until = clock_timestamp() + interval '1 minute'")
    await told.gather()
    assert told.mailbox.mails == []
    await told.run("UPDATE notice SET since = since - interval '1 hour'")  # a long run does not keep the news for ever
    await told.gather()
    assert len(told.mailbox.mails) == 1


async def test_a_disconnected_webservice_is_not_written_about(told: Told) -> None:
    await hold_some(told)
    await told.office.connect()
    await told.office.sync()
    assert (await told.office.call("DELETE", told.office.path))[0] == 204
    await told.gather()
    assert told.mailbox.mails == []
    assert (await told.office.get(f"{BASE}/webservices"))[0] == 200
