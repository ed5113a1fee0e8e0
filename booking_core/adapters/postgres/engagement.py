"""The two statements of the engagement score: count what customers did, write down what it is worth."""

from __future__ import annotations

from sqlalchemy import text

# Locked in one order, so that two processes that score the same customers cannot wait for each other.
COUNT = text(
    """
    SELECT customers.id, kept.visits, cancelled.visits AS cancellations, kept.newest
      FROM customers
     CROSS JOIN LATERAL (SELECT count(*) AS visits, max(starts_at) AS newest FROM appointments
                          WHERE customer_id = customers.id AND state = 'confirmed'
                            AND segment = 0 AND NOT synthetic) kept
     CROSS JOIN LATERAL (SELECT count(*) AS visits FROM appointments
                          WHERE customer_id = customers.id AND state = 'cancelled'
                            AND segment = 0 AND NOT synthetic) cancelled
     WHERE customers.id IN (SELECT customer_id FROM appointments WHERE id = ANY(CAST(:appointments AS uuid[])))
     ORDER BY customers.id
       FOR NO KEY UPDATE OF customers
    """
)
SCORE = text(
    """
    UPDATE customers SET engagement_score = scored.score
      FROM unnest(CAST(:ids AS uuid[]), CAST(:scores AS smallint[])) AS scored (id, score)
     WHERE customers.id = scored.id AND customers.engagement_score <> scored.score
    """
)
