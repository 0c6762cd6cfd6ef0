-- Links that sign a browser in, and signed-in browsers. See hub/store/sessions.py.

-- name: add_link
-- $1 hash, $2 gallery or null, $3 role, $4 name, $5 e-mail, $6 return address or null, $7 theme or null, $8 seconds
-- -> when it ends
INSERT INTO login_link (hash, gallery_id, role, user_name, user_email, return_url, theme, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + make_interval(secs => $8))
RETURNING ends_at;

-- name: use_link
-- $1 hash -> what it hands over; no row when it is unknown, used or too old
UPDATE login_link SET used_at = clock_timestamp()
WHERE hash = $1 AND used_at IS NULL AND ends_at > clock_timestamp()
RETURNING gallery_id, role, user_name, user_email, return_url, theme;

-- name: has_link
-- $1 hash -> true when there is, or lately was, such a link
SELECT true FROM login_link WHERE hash = $1;

-- name: begin
-- $1 hash, $2 gallery or null, $3 role, $4 name, $5 e-mail, $6 return address or null, $7 theme or null, $8 seconds
INSERT INTO session (hash, gallery_id, role, user_name, user_email, return_url, theme, ends_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + make_interval(secs => $8));

-- name: find
-- $1 hash, $2 seconds without use after which it has ended, $3 seconds between two touches
-- -> the session, and whether it is to be touched; no row when there is none or it has ended
SELECT gallery_id, role, user_name, user_email, return_url, theme, flashes,
       seen_at < clock_timestamp() - make_interval(secs => $3) AS stale
FROM session
WHERE hash = $1 AND ends_at > clock_timestamp() AND seen_at > clock_timestamp() - make_interval(secs => $2);

-- name: touch
-- $1 hash -> nothing; it was used just now
UPDATE session SET seen_at = clock_timestamp() WHERE hash = $1;

-- name: finish
-- $1 hash -> nothing; it has ended
DELETE FROM session WHERE hash = $1;

-- name: add_flash
-- $1 hash, $2 the flash, $3 how many are kept at most -> nothing
UPDATE session SET flashes = flashes || jsonb_build_array($2::jsonb)
WHERE hash = $1 AND jsonb_array_length(flashes) < $3;

-- name: take_flashes
-- $1 hash -> them, oldest first; they are there no more
UPDATE session SET flashes = '[]'
FROM (SELECT hash, flashes FROM session WHERE hash = $1 FOR UPDATE) AS before
WHERE session.hash = before.hash
RETURNING before.flashes;

-- name: purge_links
-- $1 at most -> nothing; those that ended a day ago
DELETE FROM login_link WHERE hash IN (
    SELECT hash FROM login_link WHERE ends_at < clock_timestamp() - interval '1 day' LIMIT $1 FOR UPDATE SKIP LOCKED);

-- name: purge_sessions
-- $1 at most -> nothing; those that have ended
DELETE FROM session WHERE hash IN (
    SELECT hash FROM session WHERE ends_at < clock_timestamp() LIMIT $1 FOR UPDATE SKIP LOCKED);
