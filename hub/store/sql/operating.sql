-- What the operator looks at, over all galleries. See hub/store/operating.py.

-- name: needy
-- $1 at most -> webservices that need someone: stopped, or with problems; those without access first, then the oldest
SELECT w.gallery_id, g.body->>'name' AS gallery, w.id, w.name, w.kind, w.state, coalesce(p.n, 0) AS problems, p.since
FROM webservice w
LEFT JOIN (SELECT gallery_id, webservice_id, count(*) AS n, min(opened_at) AS since
           FROM problem WHERE closed_at IS NULL GROUP BY 1, 2) AS p
    ON p.gallery_id = w.gallery_id AND p.webservice_id = w.id
LEFT JOIN record g ON g.gallery_id = w.gallery_id AND g.type = 'gallery' AND g.id = w.gallery_id
WHERE w.state IN ('reauthorize', 'paused') OR (w.state <> 'disconnected' AND p.n > 0)
ORDER BY w.state = 'reauthorize' DESC, w.state = 'paused' DESC, p.since NULLS LAST, w.gallery_id, w.id
LIMIT $1;

-- name: leases
-- $1 at most -> what daemons work at: owner, gallery_id, gallery, webservice_id, name, doing, until, live
SELECT l.owner, l.gallery_id, g.body->>'name' AS gallery, l.webservice_id, w.name, l.doing, l.until,
       l.until > clock_timestamp() AS live
FROM lease l
JOIN webservice w ON w.gallery_id = l.gallery_id AND w.id = l.webservice_id
LEFT JOIN record g ON g.gallery_id = l.gallery_id AND g.type = 'gallery' AND g.id = l.gallery_id
WHERE l.owner IS NOT NULL
ORDER BY l.owner, l.gallery_id, l.webservice_id
LIMIT $1;

-- name: daemons
-- $1 application_name of heartbeat connections, before the daemon's name, $2 at most -> daemons that are connected: owner,
-- since; a role sees its own connections in pg_stat_activity
SELECT substr(application_name, length($1::text) + 2) AS owner, min(backend_start) AS since
FROM pg_stat_activity
WHERE datname = current_database() AND starts_with(application_name, $1::text || ' ')
GROUP BY 1
ORDER BY since, owner
LIMIT $2;

-- name: figures
-- -> how much there is and how much waits: galleries, webservices, ready, runs, overdue (webservices whose time came over
-- a minute ago and that nobody has), notices and callbacks whose last try failed; version of Postgres and size in bytes
SELECT (SELECT count(*) FROM gallery_feed) AS galleries,
       (SELECT count(*) FROM webservice WHERE state <> 'disconnected') AS webservices,
       (SELECT count(*) FROM webservice WHERE state = 'ready') AS ready,
       (SELECT count(*) FROM run WHERE state IN ('queued', 'running', 'waiting')) AS runs,
       (SELECT count(*) FROM webservice w JOIN lease l ON l.gallery_id = w.gallery_id AND l.webservice_id = w.id
        WHERE w.state = 'ready' AND w.due_at < clock_timestamp() - waiting(60)
          AND (l.owner IS NULL OR l.until < clock_timestamp())) AS overdue,
       (SELECT count(*) FROM notice WHERE error IS NOT NULL) AS notices,
       (SELECT count(*) FROM callback WHERE error IS NOT NULL) AS callbacks,
       current_setting('server_version') AS postgres,
       pg_database_size(current_database()) AS bytes;
