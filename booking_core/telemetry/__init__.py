"""What happened, as samples and log lines."""
