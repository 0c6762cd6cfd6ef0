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

-- name: look
-- $1 gallery, $2 webservice, $3 run -> the row as `get`, without the writes of a dry run, which are large
SELECT r.id, r.webservice_id, r.state, r.invoices, r.dry_run, r.asked_by, r.created_at, r.started_at, r.finished_at,
       r.resume_at, r.counts, r.done, r.total, r.calls, r.bytes_up, r.bytes_down, r.seconds, r.error, NULL::jsonb AS writes,
       l.until > clock_timestamp() AND l.owner IS NOT NULL AS live
FROM run r JOIN lease l ON l.gallery_id = r.gallery_id AND l.webservice_id = r.webservice_id
WHERE r.gallery_id = $1 AND r.webservice_id = $2 AND r.id = $3;

-- name: planned_sums
-- $1 gallery, $2 webservice, $3 run -> type, operation, currency (NULL: none), n, total of a dry run's writes, in their order
SELECT w.value->>'type' AS type, w.value->>'operation' AS operation, w.value->'draft'->>'currency' AS currency,
       count(*) AS n, sum((w.value->'draft'->>'total')::numeric) AS total
FROM run r CROSS JOIN jsonb_array_elements(r.writes) WITH ORDINALITY AS w (value, place)
WHERE r.gallery_id = $1 AND r.webservice_id = $2 AND r.id = $3
GROUP BY 1, 2, 3
ORDER BY min(w.place);

-- name: planned
-- $1 gallery, $2 webservice, $3 run, $4 type and $5 operation (NULL: all), $6 start, $7 limit -> writes of a dry run
SELECT w.value
FROM run r CROSS JOIN jsonb_array_elements(r.writes) WITH ORDINALITY AS w (value, place)
WHERE r.gallery_id = $1 AND r.webservice_id = $2 AND r.id = $3
  AND ($4::text IS NULL OR (w.value->>'type' = $4 AND w.value->>'operation' = $5))
ORDER BY w.place
OFFSET $6 LIMIT $7;

-- name: list
-- $1 gallery, $2 webservice, $3 before (created_at), $4 before (id), $5 limit -> rows as `look`, newest first
SELECT r.id, r.webservice_id, r.state, r.invoices, r.dry_run, r.asked_by, r.created_at, r.started_at, r.finished_at,
       r.resume_at, r.counts, r.done, r.total, r.calls, r.bytes_up, r.bytes_down, r.seconds, r.error, NULL::jsonb AS writes,
       l.until > clock_timestamp() AND l.owner IS NOT NULL AS live
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
