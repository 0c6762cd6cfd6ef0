-- Keys of the API; only hashes of their secrets are stored. See hub/store/keys.py.

-- name: save_key
-- $1 id, $2 hash, $3 role, $4 gallery or null -> its id; no row when there is, or was, one of this id
INSERT INTO api_key (id, hash, role, gallery_id) VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT api_key_pkey DO NOTHING
RETURNING id;

-- name: find_key
-- $1 hash -> id, role, gallery_id, created_at; no row when there is none or it was revoked
SELECT id, role, gallery_id, created_at FROM api_key WHERE hash = $1 AND revoked_at IS NULL;

-- name: list_keys
-- $1 gallery, or null for those of operators -> id, role, gallery_id, created_at of live keys, oldest first
SELECT id, role, gallery_id, created_at
FROM api_key
WHERE gallery_id IS NOT DISTINCT FROM $1 AND revoked_at IS NULL
ORDER BY created_at, id;

-- name: revoke_key
-- $1 id -> its id; no row when there is none. Once revoked stays so.
UPDATE api_key SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = $1 RETURNING id;
