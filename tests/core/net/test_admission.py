from __future__ import annotations

import ipaddress

import pytest

from asyncluster.core.net.admission import Admission, plain_address


def admission(*subnets: str, total: int = 5, per_address: int = 2) -> Admission:
    return Admission([ipaddress.ip_network(each) for each in subnets], total, per_address)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::1", "::1"),
    ],
)
def test_addresses_are_compared_as_people_write_them(text: str, plain: str) -> None:
    assert plain_address(text) == plain


def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="local"):
        plain_address("local")


@pytest.mark.parametrize(
    ("address", "welcome"),
    [
        ("192.168.135.0", True),
        ("192.168.135.255", True),
        ("192.168.136.0", False),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("::1", False),
    ],
)
def test_only_the_subnets_are_welcome(address: str, welcome: bool) -> None:
    assert admission("127.0.0.1", "192.168.135.0/24", "2001:db8::/32").admits(address) is welcome


def test_an_ipv4_address_is_no_part_of_an_ipv6_network() -> None:
    assert not admission("::/0").admits("10.0.0.1")
    assert not admission("0.0.0.0/0").admits("2001:db8::1")


def test_one_address_may_hold_only_so_many_places() -> None:
    places = admission("10.0.0.0/8")
    places.entered("10.0.0.1")
    assert places.admits("10.0.0.1")
    places.entered("10.0.0.1")
    assert not places.admits("10.0.0.1")
    assert places.admits("10.0.0.2")
    places.left("10.0.0.1")
    assert places.admits("10.0.0.1")


def test_loopback_may_hold_more() -> None:
    places = admission("127.0.0.0/8", "::1")
    for _ in range(4):
        places.entered("127.0.0.1")
        places.entered("::1")
    assert places.admits("127.0.0.1")
    assert places.admits("::1")


def test_it_is_full_at_its_total_and_not_before() -> None:
    places = admission("10.0.0.0/8", total=2)
    places.entered("10.0.0.1")
    assert not places.full
    places.entered("10.0.0.2")
    assert places.full
    places.left("10.0.0.1")
    assert not places.full
