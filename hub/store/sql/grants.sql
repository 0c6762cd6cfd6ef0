-- Grants, the links that start a consent, and consents under way. Token columns hold sealed texts.

-- name: begin_grant
-- $1 gallery, $2 new id, $3 kind, $4 remote user, $5 consent -> id, version. The row's tokens are void until
-- fill_grant in the same transaction: what seals them needs this id and version.
INSERT INTO grant_ (gallery_id, id, kind, remote_user, consent_id, access_token, expires_at)
VALUES ($1, $2, $3, $4, $5, '', clock_timestamp())
ON CONFLICT ON CONSTRAINT grant_user DO UPDATE
SET version = grant_.version + 1, consent_id = excluded.consent_id
RETURNING id, version;

-- name: fill_grant
-- $1 gallery, $2 id, $3 sealed access token, $4 sealed refresh token, $5 seconds the access token lives
UPDATE grant_
SET access_token = $3, refresh_token = $4, previous_token = NULL, previous_until = NULL, state = 'ok',
    expires_at = clock_timestamp() + make_interval(secs => $5), refresh_owner = NULL, refresh_until = NULL,
    failures = 0, retry_at = NULL, refreshed_at = clock_timestamp()
WHERE gallery_id = $1 AND id = $2;

-- name: find_grant
-- $1 gallery, $2 id -> the row; seconds by the database's clock: valid_for, lifetime, retry_in, claimed_for (0 = by nobody).
-- A previous token past its time is not told.
SELECT gallery_id, id, kind, remote_user, consent_id, state, version, access_token, refresh_token, failures, refreshed_at,
       CASE WHEN previous_until > clock_timestamp() THEN previous_token END AS previous_token,
       extract(epoch FROM expires_at - clock_timestamp())::double precision AS valid_for,
       extract(epoch FROM expires_at - refreshed_at)::double precision AS lifetime,
       greatest(extract(epoch FROM retry_at - clock_timestamp()), 0)::double precision AS retry_in,
       greatest(extract(epoch FROM refresh_until - clock_timestamp()), 0)::double precision AS claimed_for
FROM grant_
WHERE gallery_id = $1 AND id = $2;

-- name: claim_grant
-- $1 gallery, $2 id, $3 version, $4 owner, $5 seconds -> a row when the claim is ours now
UPDATE grant_
SET refresh_owner = $4, refresh_until = clock_timestamp() + make_interval(secs => $5)
WHERE gallery_id = $1 AND id = $2 AND version = $3 AND state = 'ok'
  AND (refresh_until IS NULL OR refresh_until <= clock_timestamp())
RETURNING id;

-- name: swap_grant
-- $1 gallery, $2 id, $3 version it had, $4 owner, $5 sealed access, $6 sealed refresh, $7 sealed previous token,
-- $8 seconds the access token lives, $9 seconds the previous one is kept -> a row when the claim was still ours
UPDATE grant_
SET access_token = $5, refresh_token = $6, previous_token = $7,
    previous_until = CASE WHEN $7::text IS NOT NULL THEN clock_timestamp() + make_interval(secs => $9) END,
    version = version + 1, expires_at = clock_timestamp() + make_interval(secs => $8),
    refresh_owner = NULL, refresh_until = NULL, failures = 0, retry_at = NULL, refreshed_at = clock_timestamp()
WHERE gallery_id = $1 AND id = $2 AND version = $3 AND refresh_owner = $4
RETURNING id;

-- name: fail_grant
-- $1 gallery, $2 id, $3 version, $4 owner, $5 seconds until the next try: the exchange failed in a way that may pass
UPDATE grant_
SET refresh_owner = NULL, refresh_until = NULL, failures = failures + 1,
    retry_at = clock_timestamp() + make_interval(secs => $5)
WHERE gallery_id = $1 AND id = $2 AND version = $3 AND refresh_owner = $4;

-- name: reauthorize_grant
-- $1 gallery, $2 id, $3 version, $4 owner -> a row when the tokens were still those: a person has to consent again
UPDATE grant_
SET state = 'reauthorize', refresh_owner = NULL, refresh_until = NULL
WHERE gallery_id = $1 AND id = $2 AND version = $3 AND refresh_owner = $4
RETURNING id;

-- name: delete_grant
-- $1 gallery, $2 id
DELETE FROM grant_ WHERE gallery_id = $1 AND id = $2;

-- name: list_idle_grants
-- $1 seconds, $2 at most -> gallery_id, id of grants not refreshed for so long, the oldest first
SELECT gallery_id, id
FROM grant_
WHERE state = 'ok' AND refresh_token IS NOT NULL AND refreshed_at < clock_timestamp() - make_interval(secs => $1)
  AND (retry_at IS NULL OR retry_at <= clock_timestamp())
ORDER BY refreshed_at
LIMIT $2;

-- name: forget_previous
-- removes previous refresh tokens past their time
UPDATE grant_
SET previous_token = NULL, previous_until = NULL
WHERE previous_until <= clock_timestamp();

-- name: add_link
-- $1 hash, $2 gallery, $3 webservice, $4 kind, $5 seconds it is good for
INSERT INTO connect_link (hash, gallery_id, webservice_id, kind, expires_at)
VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5));

-- name: use_link
-- $1 hash -> gallery_id, webservice_id, kind; no row when unknown, expired or used
UPDATE connect_link
SET used_at = clock_timestamp()
WHERE hash = $1 AND used_at IS NULL AND expires_at > clock_timestamp()
RETURNING gallery_id, webservice_id, kind;

-- name: find_used_link
-- $1 hash -> a row when the link was used before and would still be good
SELECT used_at FROM connect_link WHERE hash = $1 AND used_at IS NOT NULL AND expires_at > clock_timestamp();

-- name: add_state
-- $1 hash, $2 gallery, $3 webservice, $4 kind, $5 hash of the cookie, $6 sealed verifier, $7 redirect address
INSERT INTO oauth_state (hash, gallery_id, webservice_id, kind, cookie_hash, verifier, redirect_uri)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: use_state
-- $1 hash, $2 kind, $3 hash of the cookie, $4 seconds it is good for -> the consent; no row when it is any other
UPDATE oauth_state
SET used_at = clock_timestamp()
WHERE hash = $1 AND kind = $2 AND cookie_hash = $3 AND used_at IS NULL
  AND created_at > clock_timestamp() - make_interval(secs => $4)
RETURNING gallery_id, webservice_id, kind, verifier, redirect_uri;

-- name: sweep_links
-- removes links a day past their end
DELETE FROM connect_link WHERE expires_at < clock_timestamp() - interval '1 day';

-- name: sweep_states
-- removes consents begun more than a day ago
DELETE FROM oauth_state WHERE created_at < clock_timestamp() - interval '1 day';

-- name: list_sealed_grants
-- $1 gallery, $2 id of the last page's last row, $3 at most -> the sealed columns of the next page in order of key
SELECT gallery_id, id, kind, version, access_token, refresh_token, previous_token
FROM grant_
WHERE (gallery_id, id) > ($1, $2)
ORDER BY gallery_id, id
LIMIT $3;

-- name: reseal_grant
-- $1 gallery, $2 id, $3 version, $4 access, $5 refresh, $6 previous token, sealed anew -> a row when nothing changed
UPDATE grant_
SET access_token = $4, refresh_token = $5, previous_token = CASE WHEN previous_until IS NOT NULL THEN $6 END
WHERE gallery_id = $1 AND id = $2 AND version = $3
RETURNING id;

-- name: list_grant_keys
-- -> id of every key that a stored token, verifier or secret of a callback is sealed by
SELECT DISTINCT split_part(sealed, '.', 2) AS id
FROM grant_, LATERAL (VALUES (access_token), (refresh_token), (previous_token)) AS held (sealed)
WHERE sealed IS NOT NULL
UNION
SELECT DISTINCT split_part(verifier, '.', 2) FROM oauth_state WHERE used_at IS NULL
UNION
SELECT DISTINCT split_part(sealed, '.', 2)
FROM callback, LATERAL (VALUES (secret), (previous_secret)) AS held (sealed) WHERE sealed IS NOT NULL;

-- name: list_keys
-- -> id of every key noted as used in this database
SELECT id FROM secret_key ORDER BY id;

-- name: add_key
-- $1 id: this key seals from now on
INSERT INTO secret_key (id) VALUES ($1) ON CONFLICT (id) DO NOTHING;

-- name: delete_keys
-- $1 ids of keys that seal nothing any more
DELETE FROM secret_key WHERE id = any($1::text[]);
