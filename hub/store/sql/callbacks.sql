-- Where galleries' events go. See hub/store/callbacks.py.

-- name: find
-- $1 gallery -> the row; none without a callback
SELECT gallery_id, url, state, secret, previous_secret, previous_until, version, made_at, after_seq, due_at, attempts,
       delivered_at, delivered_id, error, failed_at, skipped, claim, clock_timestamp() AS at
FROM callback WHERE gallery_id = $1;

-- name: save
-- $1 gallery, $2 url, $3 sealed secret, $4 sealed previous secret or NULL, $5 its end or NULL, $6 version,
-- $7 after this seq -> nothing; whoever delivers at this moment stops, and an old place stays
INSERT INTO callback (gallery_id, url, secret, previous_secret, previous_until, version, after_seq)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (gallery_id) DO UPDATE
SET url = excluded.url, state = 'on', secret = excluded.secret, previous_secret = excluded.previous_secret,
    previous_until = excluded.previous_until, version = excluded.version, due_at = clock_timestamp(),
    claimed_until = NULL, claim = callback.claim + 1, attempts = 0, error = NULL, failed_at = NULL;

-- name: delete
-- $1 gallery -> the id when there was one
DELETE FROM callback WHERE gallery_id = $1 RETURNING gallery_id;

-- name: count_waiting
-- $1 gallery, $2 after this seq, $3 at most -> events not acknowledged yet
SELECT count(*) FROM (SELECT 1 FROM event WHERE gallery_id = $1 AND seq > $2 LIMIT $3) AS waiting_events;

-- name: claim
-- $1 seconds, $2 at most -> callbacks that are due now, of all galleries, ours until the seconds are over
WITH due AS (
    SELECT gallery_id FROM callback
    WHERE due_at <= clock_timestamp() AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
    ORDER BY due_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE callback c SET claimed_until = clock_timestamp() + make_interval(secs => $1), claim = c.claim + 1
FROM due WHERE c.gallery_id = due.gallery_id
RETURNING c.gallery_id, c.url, c.state, c.secret, c.previous_secret, c.previous_until, c.version, c.made_at, c.after_seq,
          c.due_at, c.attempts, c.delivered_at, c.delivered_id, c.error, c.failed_at, c.skipped, c.claim,
          clock_timestamp() AS at;

-- name: skip_old
-- $1 gallery, $2 claim, $3 seconds -> after_seq and how many events were left behind, when any was; they are listed still
UPDATE callback c SET skipped = c.skipped + old.n, after_seq = old.last
FROM (SELECT count(*) AS n, max(e.seq) AS last FROM event e
      WHERE e.gallery_id = $1 AND e.at < clock_timestamp() - make_interval(secs => $3)
        AND e.seq > (SELECT after_seq FROM callback WHERE gallery_id = $1)) AS old
WHERE c.gallery_id = $1 AND c.claim = $2 AND old.n > 0
RETURNING c.after_seq, old.n;

-- name: acknowledge
-- $1 gallery, $2 claim, $3 seq, $4 event, $5 seconds until which it stays ours -> the id while the claim holds
UPDATE callback SET after_seq = $3, delivered_id = $4, delivered_at = clock_timestamp(), attempts = 0, error = NULL,
                    failed_at = NULL, claimed_until = clock_timestamp() + make_interval(secs => $5)
WHERE gallery_id = $1 AND claim = $2
RETURNING gallery_id;

-- name: fail
-- $1 gallery, $2 claim, $3 error, $4 unscaled seconds until the next try (NULL: none) -> nothing
UPDATE callback SET attempts = attempts + 1, error = $3, failed_at = clock_timestamp(), claimed_until = NULL,
                    due_at = clock_timestamp() + waiting($4::double precision),
                    state = CASE WHEN $4::double precision IS NULL THEN 'gone' ELSE state END
WHERE gallery_id = $1 AND claim = $2;

-- name: rest
-- $1 gallery, $2 claim -> nothing; due at once when events wait, else when the next one is told. The gallery's feed is
-- locked: no event is on its way that this does not see.
UPDATE callback c SET claimed_until = NULL,
       due_at = CASE WHEN EXISTS (SELECT 1 FROM event e WHERE e.gallery_id = $1 AND e.seq > c.after_seq)
                     THEN clock_timestamp() END
WHERE c.gallery_id = $1 AND c.claim = $2;

-- name: anything_due
-- -> whether a notice is due, whether a callback is: the one statement of a tick when nothing is
SELECT EXISTS (SELECT 1 FROM notice WHERE due_at <= clock_timestamp()) AS notice,
       EXISTS (SELECT 1 FROM callback WHERE due_at <= clock_timestamp()) AS callback;
