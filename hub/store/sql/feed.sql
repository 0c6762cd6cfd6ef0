-- The feed row of a gallery: the order of its changes. See hub/store/feed.py.

-- name: open_feed
-- $1 gallery; makes its row, or does nothing when there is one
INSERT INTO gallery_feed (gallery_id) VALUES ($1) ON CONFLICT ON CONSTRAINT gallery_feed_pkey DO NOTHING;

-- name: lock_feed
-- $1 gallery -> the last change sequence taken; no row when there is no such gallery. Waits for other writers.
SELECT seq FROM gallery_feed WHERE gallery_id = $1 FOR UPDATE;

-- name: take_seq
-- $1 gallery (its feed is locked already, so the clock is read after the wait), $2 how many
-- -> the last sequence taken, the time of this change: later than that of any change before it
UPDATE gallery_feed
SET seq = seq + $2, changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')
WHERE gallery_id = $1
RETURNING seq, changed_at;

-- name: await_writers
-- $1 gallery -> 1; returns when no writer that had the feed is under way. Outside a transaction it holds nothing.
SELECT 1 FROM gallery_feed WHERE gallery_id = $1 FOR SHARE;
