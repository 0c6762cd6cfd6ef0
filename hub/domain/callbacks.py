"""Which addresses a gallery's callback may have (pure; PROMISES D6, R40)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

LONGEST = 2000
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_local_hub(public_url: str) -> bool:
    """Whether the hub itself is reached on this machine only: then its callbacks may be here too."""
    return urlsplit(public_url).hostname in LOCAL


def check_url(url: str, *, allow_local: bool) -> str | None:
    """What is wrong with *url* as a callback, in one sentence; None when it may be called.

    The name's addresses are looked at when it is called (`is_allowed`): they may change until then.
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return f"needs at most {LONGEST} visible ASCII characters, without spaces"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no address: https://gallery.example.com/hub-events is one"
    if parts.scheme not in {"https", "http"} or not host or port == 0:
        return "needs to begin with https:// and a host"
    if parts.username is not None or parts.password is not None or "#" in url:
        return "must not hold a user name, a password or a fragment (#...): the signature proves who calls"
    return _check_host(parts.scheme, host, allow_local=allow_local)


def _check_host(scheme: str, host: str, *, allow_local: bool) -> str | None:
    if host in LOCAL and not allow_local:
        return "leads to the hub's own machine: give an address that the hub reaches from outside"
    if scheme == "http" and host not in LOCAL:
        return "needs https: plain http is taken on this machine only"
    if (literal := _find_address(host)) is not None and not is_allowed(host, literal, allow_local=allow_local):
        return "leads into a private network: give a public address"
    return None


def is_allowed(host: str, address: str, *, allow_local: bool) -> bool:
    """Whether *host*, which leads to *address*, may be called: what is public, and this machine by its plain names."""
    try:
        found: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if host in LOCAL:
        return allow_local and found.is_loopback
    return all(one.is_global and not one.is_multicast for one in (found, *_inside(found)))


def _inside(address: Address) -> list[Address]:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in inner if one is not None]


def _find_address(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
