-- name: claim
-- $1 owner, $2 seconds, $3 at most -> gallery_id, webservice_id, epoch of the due webservices that are ours now
WITH due AS (
    SELECT l.gallery_id, l.webservice_id
    FROM webservice w
    JOIN lease l ON l.gallery_id = w.gallery_id AND l.webservice_id = w.id
    WHERE w.state = 'ready' AND (w.due_at <= clock_timestamp() OR w.quiet_at <= clock_timestamp())
      AND (l.owner IS NULL OR l.until < clock_timestamp())
    ORDER BY least(w.due_at, w.quiet_at)
    LIMIT $3
    FOR UPDATE OF l SKIP LOCKED
)
UPDATE lease l
SET owner = $1, epoch = l.epoch + 1, until = clock_timestamp() + make_interval(secs => $2), doing = 'starting'
FROM due
WHERE l.gallery_id = due.gallery_id AND l.webservice_id = due.webservice_id
RETURNING l.gallery_id, l.webservice_id, l.epoch;

-- name: note_claim
-- $1 gallery, $2 webservice, $3 seconds until somebody else looks when we die -> nothing
UPDATE webservice SET due_at = clock_timestamp() + make_interval(secs => $3), changed_at = NULL, quiet_at = NULL
WHERE gallery_id = $1 AND id = $2;

-- name: renew
-- $1 gallery, $2 webservice, $3 owner, $4 epoch, $5 seconds, $6 what it does (NULL: as before) -> epoch when still ours
UPDATE lease SET until = clock_timestamp() + make_interval(secs => $5), doing = coalesce($6, doing)
WHERE gallery_id = $1 AND webservice_id = $2 AND owner = $3 AND epoch = $4 AND until > clock_timestamp()
RETURNING epoch;

-- name: hold
-- $1 gallery, $2 webservice, $3 owner, $4 epoch -> true when the lease is ours; until the transaction ends nobody else
-- claims it (a claim is FOR UPDATE), while its heartbeat goes on
SELECT until > clock_timestamp() FROM lease
WHERE gallery_id = $1 AND webservice_id = $2 AND owner = $3 AND epoch = $4
FOR KEY SHARE;

-- name: release
-- $1 gallery, $2 webservice, $3 owner, $4 epoch -> nothing
UPDATE lease SET owner = NULL, until = '-infinity', doing = ''
WHERE gallery_id = $1 AND webservice_id = $2 AND owner = $3 AND epoch = $4;

-- name: take_over_all
-- -> how many leases were ended: for the one daemon of an embedded Postgres, when it starts
WITH freed AS (UPDATE lease SET owner = NULL, until = '-infinity' WHERE owner IS NOT NULL RETURNING gallery_id, webservice_id)
UPDATE webservice w SET due_at = clock_timestamp()
FROM freed WHERE w.gallery_id = freed.gallery_id AND w.id = freed.webservice_id
RETURNING 1;
