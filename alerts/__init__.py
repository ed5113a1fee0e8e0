"""Prometheus rules and Alertmanager routes as code; `python -m alerts` writes them to alerts/generated/."""
