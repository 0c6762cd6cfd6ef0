-- name: insert
-- $1 gallery, $2 id, $3 webservice, $4 invoices (NULL: full), $5 dry run, $6 asked by -> the row, or none when a full run is under way
INSERT INTO run (gallery_id, id, webservice_id, state, invoices, dry_run, asked_by)
VALUES ($1, $2, $3, 'queued', $4, $5, $6)
ON CONFLICT (gallery_id, webservice_id) WHERE invoices IS NULL AND NOT dry_run AND state IN ('queued', 'running', 'waiting')
DO NOTHING
RETURNING *;

-- name: joined
-- $1 gallery, $2 webservice, $3 asked by -> the full run that is under way; a person who joins it gives it their word
UPDATE run SET asked_by = CASE WHEN $3 = 'person' THEN 'person' ELSE asked_by END
WHERE gallery_id = $1 AND webservice_id = $2 AND invoices IS NULL AND NOT dry_run
  AND state IN ('queued', 'running', 'waiting')
RETURNING *;

-- name: next
-- $1 gallery, $2 webservice -> the run to go on with: interrupted ones first, then the oldest
SELECT * FROM run
WHERE gallery_id = $1 AND webservice_id = $2 AND state IN ('queued', 'running', 'waiting')
  AND (resume_at IS NULL OR resume_at <= clock_timestamp())
ORDER BY state = 'queued', created_at, id
LIMIT 1;

-- name: start
-- $1 gallery, $2 run -> nothing
UPDATE run SET state = 'running', started_at = coalesce(started_at, clock_timestamp()), resume_at = NULL
WHERE gallery_id = $1 AND id = $2;

-- name: progress
-- $1 gallery, $2 run, $3 counts, $4 done, $5 total, $6 calls, $7 bytes up, $8 bytes down, $9 seconds -> nothing; sums
UPDATE run SET counts = $3, done = $4, total = $5, calls = $6, bytes_up = $7, bytes_down = $8, seconds = $9
WHERE gallery_id = $1 AND id = $2;

-- name: end
-- $1 gallery, $2 run, $3 state, $4 error, $5 resume at, $6 writes of a dry run -> nothing
UPDATE run SET state = $3, error = $4, resume_at = $5, writes = coalesce($6, writes),
       finished_at = CASE WHEN $3 IN ('done', 'failed', 'cancelled', 'paused') THEN clock_timestamp() END
WHERE gallery_id = $1 AND id = $2 AND state IN ('queued', 'running', 'waiting');

-- name: get
-- $1 gallery, $2 webservice, $3 run -> the row and whether its lease lives
SELECT r.*, l.until > clock_timestamp() AND l.owner IS NOT NULL AS live
FROM run r JOIN lease l ON l.gallery_id = r.gallery_id AND l.webservice_id = r.webservice_id
WHERE r.gallery_id = $1 AND r.webservice_id = $2 AND r.id = $3;

-- name: list
-- $1 gallery, $2 webservice, $3 before (created_at), $4 before (id), $5 limit -> rows as `get`, newest first
SELECT r.*, l.until > clock_timestamp() AND l.owner IS NOT NULL AS live
FROM run r JOIN lease l ON l.gallery_id = r.gallery_id AND l.webservice_id = r.webservice_id
WHERE r.gallery_id = $1 AND r.webservice_id = $2
  AND ($3::timestamptz IS NULL OR (r.created_at, r.id) < ($3, $4))
ORDER BY r.created_at DESC, r.id DESC
LIMIT $5;

-- name: cancel_open
-- $1 gallery, $2 webservice, $3 state, $4 error -> nothing: runs under way when a webservice is paused or disconnected
UPDATE run SET state = $3, error = $4, finished_at = clock_timestamp()
WHERE gallery_id = $1 AND webservice_id = $2 AND state IN ('queued', 'running', 'waiting');

-- name: purge
-- $1 gallery, $2 webservice -> nothing: a year of runs is kept
DELETE FROM run WHERE gallery_id = $1 AND webservice_id = $2 AND finished_at < clock_timestamp() - interval '365 days';
