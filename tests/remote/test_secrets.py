"""What is sealed opens where it belongs, and nowhere else."""

import base64
import pickle
import stat
import threading
from pathlib import Path

import msgspec
import pytest

from hub.domain.secrets import Place, Secret
from hub.errors import SecretError, StartupError
from hub.remote.secrets import SecretBox, add_key, key_id_of, load_or_make

PLACE = Place(table="grant_", column="access_token", row_id="g-1", gallery_id="harbour", kind="xero", version=3)
KEY, OTHER = b"k" * 32, b"o" * 32
TEXT = "refresh-token-of-a-person"


def test_a_secret_opens_at_its_place() -> None:
    box = SecretBox([KEY])
    assert box.open(box.seal(Secret(TEXT), PLACE), PLACE) == Secret(TEXT)


@pytest.mark.parametrize(
    "moved",
    [
        {"table": "webservice"},
        {"column": "refresh_token"},
        {"row_id": "g-2"},
        {"gallery_id": "other"},
        {"kind": "myob"},
        {"version": 2},
        {"row_id": "g-", "gallery_id": "1harbour"},
    ],
)
def test_c3_a_secret_moved_to_another_place_does_not_open(moved: dict[str, object]) -> None:
    box = SecretBox([KEY])
    sealed = box.seal(Secret(TEXT), PLACE)
    with pytest.raises(SecretError, match="altered or belongs to another place") as told:
        box.open(sealed, msgspec.structs.replace(PLACE, **moved))
    assert TEXT not in str(told.value)


def test_c3_an_altered_text_does_not_open_whichever_character_it_is() -> None:
    box = SecretBox([KEY])
    sealed = box.seal(Secret(TEXT + "!"), PLACE)  # of a length at which every bit of the base64 counts
    for at in range(len(sealed)):
        altered = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(SecretError):
            box.open(altered, PLACE)


@pytest.mark.parametrize("text", ["", "x", "s1.abc", TEXT, "s1.00000000.", "s1.00000000.AAAA"])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(SecretError):
        SecretBox([KEY]).open(text, PLACE)


def test_the_same_secret_is_sealed_anew_each_time() -> None:
    box = SecretBox([KEY])
    assert len({box.seal(Secret(TEXT), PLACE) for _ in range(100)}) == 100


def test_the_newest_key_seals_and_every_key_opens() -> None:
    old, both, new = SecretBox([KEY]), SecretBox([KEY, OTHER]), SecretBox([OTHER])
    before, after = old.seal(Secret(TEXT), PLACE), both.seal(Secret(TEXT), PLACE)
    assert both.open(before, PLACE) == both.open(after, PLACE) == new.open(after, PLACE) == Secret(TEXT)
    assert (key_id_of(before), key_id_of(after)) == (old.key_id, new.key_id)
    with pytest.raises(SecretError, match=old.key_id):
        new.open(before, PLACE)


def test_a_secret_shows_nothing_and_cannot_be_pickled() -> None:
    secret = Secret(TEXT)
    assert f"{secret} {secret!r}" == "[secret] [secret]"
    assert TEXT not in repr(SecretBox([TEXT.encode().ljust(32, b"x")]))
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_key_file_is_made_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "secret.key"
    made = load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make(path).open(made.seal(Secret(TEXT), PLACE), PLACE) == Secret(TEXT)
    assert [one.name for one in path.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    ids: set[str] = set()
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait(timeout=10)
        ids.add(load_or_make(path).key_id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(ids) == 1


def test_a_key_added_to_the_file_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    old = load_or_make(path)
    sealed = old.seal(Secret(TEXT), PLACE)
    new_id = add_key(path)
    box = load_or_make(path)
    assert box.key_id == new_id
    assert box.known_key_ids == {new_id, old.key_id}
    assert box.open(sealed, PLACE) == Secret(TEXT)


@pytest.mark.parametrize("text", ["", "# nothing\n", "short\n", base64.b64encode(b"x" * 31).decode(), "é"])
def test_a_broken_key_file_is_named_and_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(StartupError, match=r"secret\.key"):
        load_or_make(path)
    assert path.read_text(encoding="utf-8") == text


def test_a_key_file_open_to_everybody_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    load_or_make(path)
    path.chmod(0o644)
    with pytest.raises(StartupError, match="chmod 600"):
        load_or_make(path)
