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

-- name: owners
-- $1 gallery, $2 webservice, $3 remote ids -> remote_id, record_id: which contacts of the gallery have them
SELECT remote_id, record_id FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'contact' AND remote_id = any($3::text[])
ORDER BY record_id;

-- name: stage
-- $1 gallery, $2 webservice, $3 remote ids, $4 contacts as JSON texts (NULL: not to be imported) -> nothing
UPDATE remote_contact r SET staged = x.contact::jsonb
FROM unnest($3::text[], $4::text[]) AS x (remote_id, contact)
WHERE r.gallery_id = $1 AND r.webservice_id = $2 AND r.remote_id = x.remote_id;

-- name: unstage
-- $1 gallery, $2 webservice, $3 remote ids (NULL: all) -> nothing; they are not waiting to be imported (any more)
UPDATE remote_contact SET staged = NULL, claims = 0, claimed_by = NULL
WHERE gallery_id = $1 AND webservice_id = $2 AND (staged IS NOT NULL OR claims > 0)
  AND ($3::text[] IS NULL OR remote_id = any($3::text[]));

-- name: clear_claims
-- $1 gallery, $2 webservice -> nothing
UPDATE remote_contact SET claims = 0, claimed_by = NULL WHERE gallery_id = $1 AND webservice_id = $2 AND claims > 0;

-- name: claim
-- $1 gallery, $2 webservice, $3 remote ids, $4 record ids (pairs) -> nothing; these contacts look like those there
UPDATE remote_contact r SET claims = r.claims + x.n, claimed_by = x.record_id
FROM (SELECT remote_id, count(*)::integer AS n, min(record_id) AS record_id
      FROM unnest($3::text[], $4::text[]) AS given (remote_id, record_id) GROUP BY remote_id) AS x
WHERE r.gallery_id = $1 AND r.webservice_id = $2 AND r.remote_id = x.remote_id;

-- name: count_staged
-- $1 gallery, $2 webservice -> n_read, n_staged: contacts as last read, and how many of them wait to be imported
SELECT count(*) AS n_read, count(staged) AS n_staged FROM remote_contact WHERE gallery_id = $1 AND webservice_id = $2;

-- name: staged
-- $1 gallery, $2 webservice, $3 at most -> rows as `candidates`, with the contact's JSON text, claims, claimed_by, and how
-- many active ones there have the same name and e-mail address, itself included; by remote id
SELECT r.remote_id, r.number, r.folded_name, r.email, r.status, r.merged_into, r.name, r.version,
       r.staged::text AS contact, r.claims, r.claimed_by,
       (SELECT count(*) FROM remote_contact t
        WHERE t.gallery_id = $1 AND t.webservice_id = $2 AND t.folded_name = r.folded_name AND t.email = r.email
          AND t.status = 'active') AS twins
FROM remote_contact r
WHERE r.gallery_id = $1 AND r.webservice_id = $2 AND r.staged IS NOT NULL
ORDER BY r.remote_id LIMIT $3;

-- name: own_contacts
-- $1 gallery, $2 webservice, $3 after (id), $4 at most -> id, body, version of the gallery's own contacts, by id; those
-- that came from this webservice are left out
SELECT id, body::text AS body, version FROM record
WHERE gallery_id = $1 AND type = 'contact' AND id > $3
  AND (origin IS NULL OR origin ->> 'webservice_id' IS DISTINCT FROM $2)
ORDER BY id LIMIT $4;
