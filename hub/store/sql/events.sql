-- What galleries learn from the hub. See hub/store/events.py.

-- name: append_events
-- $1 gallery, $2 time, $3 seqs, $4 ids, $5 types, $6 data as JSON (in parallel)
INSERT INTO event (gallery_id, seq, id, type, at, data)
SELECT $1, w.seq, w.id, w.type, $2, w.data::jsonb
FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) AS w (seq, id, type, data);

-- name: list_events
-- $1 gallery, $2 after this seq, $3 how many -> seq, id, type, at, data; oldest first
SELECT seq, id, type, at, data FROM event WHERE gallery_id = $1 AND seq > $2 ORDER BY seq LIMIT $3;
