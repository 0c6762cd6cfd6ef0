-- What galleries learn from the hub. See hub/store/events.py.

-- name: append_events
-- $1 gallery, $2 time, $3 seqs, $4 ids, $5 types, $6 data as JSON (in parallel); the gallery's callback has work now
WITH woken AS (
    UPDATE callback SET due_at = clock_timestamp() WHERE gallery_id = $1 AND due_at IS NULL AND state = 'on'
)
INSERT INTO event (gallery_id, seq, id, type, at, data)
SELECT $1, w.seq, w.id, w.type, $2, w.data::jsonb
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) AS w (seq, id, type, data);

-- name: list_events
-- $1 gallery, $2 after this seq, $3 how many -> seq, id, type, at, data; oldest first
SELECT seq, id, type, at, data FROM event WHERE gallery_id = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: purge_events
-- $1 gallery, $2 days, $3 at most -> seqs of events that were older than that
WITH oldest AS (SELECT seq, at FROM event WHERE gallery_id = $1 ORDER BY seq LIMIT $3)
DELETE FROM event e USING oldest o
WHERE e.gallery_id = $1 AND e.seq = o.seq AND o.at < clock_timestamp() - make_interval(days => $2)
RETURNING e.seq;

-- name: list_galleries
-- $1 after this gallery, $2 at most -> galleries that have events, in order
SELECT f.gallery_id FROM gallery_feed f
WHERE f.gallery_id > $1 AND EXISTS (SELECT 1 FROM event e WHERE e.gallery_id = f.gallery_id)
ORDER BY f.gallery_id LIMIT $2;
