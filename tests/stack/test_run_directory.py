import os
from pathlib import Path

import pytest

from stack import run_directory
from stack.errors import Refused
from stack.run_directory import ROOMS, SHORT_HOME, User

STRANGER = User("postgres", uid=4_000_000, groups=frozenset({4_000_000}))


def test_an_open_checkout_keeps_its_own_run_directory():
    checkout = Path("/srv/slotwatch")

    assert run_directory.choose(checkout, user=None) == checkout / ".run"


def test_a_deep_checkout_gets_a_short_directory_named_after_it():
    checkout = Path("/srv") / ("deep" * 25)

    chosen = run_directory.choose(checkout, user=None)

    assert chosen.parent == SHORT_HOME
    assert run_directory.short_enough(chosen)
    assert chosen != run_directory.choose(checkout / "er", user=None)


def test_a_checkout_that_postgres_cannot_reach_gets_an_open_directory(tmp_path):
    tmp_path.chmod(0o700)

    assert run_directory.choose(tmp_path, user=STRANGER).parent == SHORT_HOME


def test_only_the_bits_that_apply_to_the_user_count(tmp_path):
    owner = User("me", tmp_path.stat().st_uid, frozenset())
    inner = tmp_path / "inner"
    inner.mkdir()

    inner.chmod(0o077)
    assert not run_directory.passable(inner, owner)

    inner.chmod(0o100)
    assert run_directory.passable(inner, owner)


def test_a_path_is_short_enough_up_to_the_kernels_limit():
    room = run_directory.SOCKET_PATH_BYTES - len(run_directory.LONGEST_SOCKET) - 1

    assert run_directory.short_enough(Path("/" + "a" * (room - 1)))
    assert not run_directory.short_enough(Path("/" + "a" * room))


@pytest.mark.integration
def test_preparing_makes_every_room_and_twice_is_once():
    with run_directory.temporary() as home:
        first = run_directory.prepare(at=home / "run")
        second = run_directory.prepare(at=home / "run")

        assert first == second
        assert sorted(path.name for path in first.path.iterdir()) == sorted(ROOMS)
        assert first.path.stat().st_mode & 0o777 == 0o711


@pytest.mark.integration
def test_a_private_checkout_is_led_to_its_short_directory_by_a_link(tmp_path):
    checkout = tmp_path / ("deep" * 20)
    checkout.mkdir()

    run = run_directory.prepare(checkout)

    try:
        assert (checkout / ".run").resolve() == run.path
        assert run.path.parent == SHORT_HOME.resolve()
        assert run_directory.existing(checkout) == run
    finally:
        for name in ROOMS:
            run.room(name).rmdir()
        run.path.rmdir()


def test_a_directory_full_of_something_else_is_refused_and_left_as_it_was(tmp_path):
    (tmp_path / "letters.txt").touch()
    mode = tmp_path.stat().st_mode

    with pytest.raises(Refused, match="holds something else already; name an empty or a new directory"):
        run_directory.prepare(at=tmp_path)

    assert (os.listdir(tmp_path), tmp_path.stat().st_mode) == (["letters.txt"], mode)


def test_where_nothing_was_made_nothing_exists(tmp_path):
    assert run_directory.existing(tmp_path) is None
