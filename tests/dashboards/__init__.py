"""The dashboards: layout, vocabulary, expressions, and what Grafana and its linter say about the result."""
