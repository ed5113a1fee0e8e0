"""Go-template snippets for annotations: the only place that knows Prometheus's template language."""

from __future__ import annotations


def counted(query: str) -> str:
    """Write the result of a query as a whole number, 0 where there is none."""
    # Raw Go strings (backquotes): the query's own quotes need no escaping.
    return f"{{{{ with query `{query}` }}}}{{{{ . | first | value | printf `%.0f` }}}}{{{{ else }}}}0{{{{ end }}}}"


def queried(query: str, form: str) -> str:
    """Write the result of a query in one of the template language's forms, `unknown` where there is none."""
    return f"{{{{ with query `{query}` }}}}{{{{ . | first | value | {form} }}}}{{{{ else }}}}unknown{{{{ end }}}}"


def value_as_share() -> str:
    """Write the alert's own value as a percentage."""
    return "{{ $value | humanizePercentage }}"


def value_as_count() -> str:
    """Write the alert's own value as a whole number."""
    return "{{ $value | printf `%.0f` }}"


def label(name: str) -> str:
    """Write a label that the alert's expression keeps."""
    return f"{{{{ $labels.{name} }}}}"


def share(part: float) -> str:
    """Write a ratio as Prometheus's humanizePercentage does: 0.1 is `10%`."""
    return f"{part * 100:.4g}%"
