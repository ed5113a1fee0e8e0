"""The receiver's one page: what is open on top, with the seconds it took; history below. No script, nothing loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from string import Template

from alerts.oncall.pages import Page

REFRESH_SECONDS = 5
# Annotations come from rule files, yet the browser is told to run nothing and to fetch nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_DOCUMENT = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="$refresh">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #dcdee2; --ground: #f7f8f9; --card: #fff;
  --critical: #c62a2f; --good: #2b7a4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #a4a9b2; --line: #363a3f; --ground: #111315;
  --card: #1a1d20; --critical: #ff6369; --good: #4cc38a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; color: var(--soft); font-weight: 600; }
h3 { font-size: 1.125rem; margin: 0; }
p { margin: .25rem 0; }
small, .soft, th { color: var(--soft); }
a { color: inherit; font-weight: 600; }
article { background: var(--card); border: 1px solid var(--line); border-left: .375rem solid var(--critical);
  border-radius: .375rem; padding: 1rem 1.25rem; margin: .75rem 0; }
article header { margin-bottom: .25rem; }
.seconds { font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; color: var(--critical); }
.calm { border-left-color: var(--good); }
nav { display: flex; gap: 1.25rem; margin-top: .5rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { font-weight: 600; font-size: .875rem; }
.number { text-align: right; }
</style>
</head>
<body>
<header>
<h1>On call: $headline</h1>
<small>Watchdog $heard &middot; $now UTC</small>
</header>
<main>
$open
<h2>History</h2>
$history
</main>
</body>
</html>
""")


def html(pages: Sequence[Page], *, last_heard: datetime | None, now: datetime) -> str:
    """Return the page for pages given newest first."""
    opened = [page for page in pages if page.is_open]
    headline = f"{len(opened)} open" if opened else "all quiet"
    return _DOCUMENT.substitute(
        refresh=REFRESH_SECONDS,
        title=f"{headline} \N{MIDDLE DOT} slotwatch on call",
        headline=headline,
        heard=f"heard {_length((now - last_heard).total_seconds())} ago" if last_heard else "not heard yet",
        now=f"{now:%Y-%m-%d %H:%M:%S}",
        open="\n".join(_open(page, now) for page in opened) or _QUIET,
        history=_history([page for page in pages if not page.is_open]),
    )


_QUIET = '<article class="calm"><h3>Nothing is open</h3><p class="soft">A page appears here by itself.</p></article>'


def _open(page: Page, now: datetime) -> str:
    age = _length((now - page.starts_at).total_seconds())
    return f"""<article>
<header><h3>{escape(page.alertname)}</h3>
<span><span class="seconds">{page.delivery_seconds:.1f} s</span> <small>from firing to page</small></span></header>
<p>{escape(page.summary)}</p>
<p>{escape(page.description)}</p>
<p class="soft">{escape(page.impact)}</p>
<p><small>{escape(page.severity)} &middot; firing for {age}, since {page.starts_at:%H:%M:%S} UTC</small></p>
<nav>{_link(page.runbook_url, "Runbook")}{_link(page.dashboard_url, "Dashboard")}</nav>
</article>"""


def _history(pages: Sequence[Page]) -> str:
    if not pages:
        return '<p class="soft">No page has been resolved yet.</p>'
    rows = "\n".join(_row(page) for page in pages)
    return f"""<div class="scroll"><table>
<thead><tr><th>Began (UTC)</th><th>Alert</th><th class="number">Page after</th><th class="number">Lasted</th>
<th>Runbook</th></tr></thead>
<tbody>
{rows}
</tbody>
</table></div>"""


def _row(page: Page) -> str:
    lasted = _length(((page.resolved_at or page.received_at) - page.starts_at).total_seconds())
    return (
        f"<tr><td>{page.starts_at:%Y-%m-%d %H:%M:%S}</td>"
        f"<td>{escape(page.alertname)}<br><small>{escape(page.summary)}</small></td>"
        f'<td class="number">{page.delivery_seconds:.1f} s</td><td class="number">{lasted}</td>'
        f"<td>{_link(page.runbook_url, 'Open')}</td></tr>"
    )


def _link(address: str, text: str) -> str:
    """A `javascript:` address in an annotation must not become a link."""
    if not address.startswith(("http://", "https://")):
        return ""
    return f'<a href="{escape(address)}" rel="noreferrer">{text}</a>'


def _length(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
