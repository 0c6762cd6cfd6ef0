-- Call limits: one row for each organisation of a kind, organisation '' for the whole app. See hub/domain/limits.py.

-- name: add_limits
-- $1 kind, $2 organisations: rows for those that have none yet
INSERT INTO call_limit (kind, organisation_id)
SELECT $1, unnest($2::text[])
ON CONFLICT (kind, organisation_id) DO NOTHING;

-- name: lock_limits
-- $1 kind, $2 organisations, $3 may be lost -> organisation_id, state, now (seconds), _; the app ('') first, so that locks
-- come in one order. $3: the commit does not wait for the disk. A release lost with the server leaves its slot taken
-- until the lease ends, which errs on the safe side; a take must not be lost.
SELECT organisation_id, state, extract(epoch FROM clock_timestamp())::double precision AS now,
       set_config('synchronous_commit', CASE WHEN $3 THEN 'off' ELSE current_setting('synchronous_commit') END, true) AS _
FROM call_limit
WHERE kind = $1 AND organisation_id = any($2::text[])
ORDER BY organisation_id
FOR UPDATE;

-- name: find_limit
-- $1 kind, $2 organisation -> state, now (seconds); no row before its first call
SELECT state, extract(epoch FROM clock_timestamp())::double precision AS now
FROM call_limit
WHERE kind = $1 AND organisation_id = $2;

-- name: save_limits
-- $1 kind, $2 organisations, $3 their states; the rows are locked
UPDATE call_limit AS kept
SET state = changed.state
FROM unnest($2::text[], $3::text[]) AS changed (organisation_id, state)
WHERE kept.kind = $1 AND kept.organisation_id = changed.organisation_id;
