"""PostgreSQL: tables, stores and migrations. Correctness of every booking rests here."""
