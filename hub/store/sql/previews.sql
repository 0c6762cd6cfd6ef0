-- name: due_page
-- $1 gallery, $2 webservice, $3 type, $4 only these records (NULL: all), $5 after this date (NULL: the rows without one
-- come first), $6 after this record id (empty: from the start), $7 at most -> entries that are due, oldest date first
-- With $4, payments are chosen by their invoice.
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = $3
  AND asked > judged AND (state IS NULL OR state NOT IN ('sending', 'unknown'))
  AND ($4::text[] IS NULL OR coalesce(invoice_id, record_id) = any($4::text[]))
  AND (coalesce(sort_on, '-infinity'), record_id) > (coalesce($5::date, '-infinity'), $6::text)
ORDER BY sort_on NULLS FIRST, record_id
LIMIT $7;
