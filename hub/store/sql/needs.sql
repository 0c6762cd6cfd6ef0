-- Entries that need a person, as far as the gallery system knows. See hub/store/needs.py.

-- name: record
-- $1 gallery, $2 entries -> nothing
INSERT INTO entry_need (gallery_id, entry_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING;

-- name: clear
-- $1 gallery -> entry_id of those that need nobody any more; they are forgotten
DELETE FROM entry_need n
WHERE n.gallery_id = $1
  AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.gallery_id = n.gallery_id AND e.id = n.entry_id
                  AND e.state IN ('held', 'conflict'))
RETURNING n.entry_id;

-- name: describe
-- $1 gallery, $2 entries -> webservice_id, entry_id, type, record_id, state; a state of NULL is pending
SELECT webservice_id, id AS entry_id, type, record_id, coalesce(state, 'pending') AS state
FROM entry WHERE gallery_id = $1 AND id = any($2::text[]) ORDER BY sort_on NULLS FIRST, record_id, id;
