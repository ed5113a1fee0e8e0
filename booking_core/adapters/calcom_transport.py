"""The way to Cal.com: httpx above, aiohttp below, whose parser and single write cost a booking a quarter of httpcore's.

Apart from httpx-aiohttp, which calls a connection that is lost in the middle a failure to connect: for us that is the
difference between "not executed" and "unknown", and so between the truth and a second booking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from yarl import URL

Watched = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]


def client(base_url: str, watched: Watched = lambda transport: transport) -> httpx.AsyncClient:
    """Return a client without time limits of its own: the adapter bounds the sum of all phases.

    It keeps no cookies, which one salon's answer would set for the next.
    """
    nobodys = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    transport = watched(AiohttpTransport(proxy=_proxy(URL(base_url))))
    return httpx.AsyncClient(base_url=base_url, timeout=None, cookies=nobodys, transport=transport)  # noqa: S113


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Reads every answer whole. Connects at the first request, in the event loop of that."""

    def __init__(self, *, proxy: str | None = None) -> None:
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        with _told_by_httpx(request):
            async with self._opened().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=body or None,
                allow_redirects=False,
            ) as answer:
                return httpx.Response(answer.status, headers=answer.raw_headers, content=await answer.read())

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # The certificates that httpx trusts.
                connector=aiohttp.TCPConnector(ssl=httpx.create_ssl_context()),
                # Trusting the environment, it would read that and .netrc anew for each request, in threads.
                proxy=self._proxy,
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                # httpx decodes what came.
                auto_decompress=False,
                # It says itself what it accepts and who it is.
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
            )
        return self._session


def _proxy(url: URL) -> str | None:
    """Return the proxy that the environment names for this address."""
    proxies = getproxies()
    named = proxies.get(url.scheme) or proxies.get("all")
    if not named or proxy_bypass(url.host or ""):
        return None
    return named if "://" in named else f"http://{named}"


@contextmanager
def _told_by_httpx(request: httpx.Request) -> Iterator[None]:
    """Translate errors. Only what happened before anything could be sent is called a failure to connect."""
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise httpx.UnsupportedProtocol(str(error), request=request) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error), request=request) from error
