-- Begins the account of a campaign with what its batches have spent and hold. The caller holds the campaign's row, so that
-- no batch is placed meanwhile, and the rows of all its batches.
-- $1 user  $2 campaign  $3 cap in nano-dollars
INSERT INTO budgets (scope, scope_id, period, user_id, cap_nanos, held_nanos, spent_nanos, unconfirmed_nanos)
SELECT 'campaign', $2, 'all', $1, $3, coalesce(sum(b.held_nanos), 0), coalesce(sum(b.spent_nanos), 0),
       coalesce(sum(b.unconfirmed_nanos), 0)
FROM batch_jobs b
WHERE b.campaign_id = $2
