"""The product: books appointments and emits events. Knows no Prometheus query, rule or dashboard."""
