-- name: save
-- $1 gallery, $2 webservice, $3 contacts as an array of objects -> nothing
INSERT INTO remote_contact (gallery_id, webservice_id, remote_id, number, folded_name, email, status, merged_into, name,
                            version)
SELECT $1, $2, x.remote_id, x.number, x.folded_name, x.email, x.status, x.merged_into, x.name, x.version
FROM jsonb_to_recordset($3::jsonb) AS x (
    remote_id text, number text, folded_name text, email text, status text, merged_into text, name text, version text)
ON CONFLICT (gallery_id, webservice_id, remote_id)
DO UPDATE SET number = excluded.number, folded_name = excluded.folded_name, email = excluded.email,
              status = excluded.status, merged_into = excluded.merged_into, name = excluded.name,
              version = excluded.version;

-- name: candidates
-- $1 gallery, $2 webservice, $3 numbers, $4 folded names, $5 remote ids -> rows that bear one of them
SELECT remote_id, number, folded_name, email, status, merged_into, name, version FROM remote_contact
WHERE gallery_id = $1 AND webservice_id = $2
  AND (number = any($3::text[]) OR folded_name = any($4::text[]) OR remote_id = any($5::text[]));
