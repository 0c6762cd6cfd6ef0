-- The one-time import of contacts, and contacts that share what stands there.

-- How far an import has come: NULL = none is under way. When it was done: cleared when the setting is turned off.
ALTER TABLE webservice ADD COLUMN contact_import jsonb, ADD COLUMN contacts_imported_at timestamptz;

-- staged: the contact as a gallery would have it, from its reading until it is taken. claims: how many contacts of the
-- gallery have its name and e-mail address; claimed_by: one of them.
ALTER TABLE remote_contact ADD COLUMN staged jsonb, ADD COLUMN claims integer NOT NULL DEFAULT 0,
    ADD COLUMN claimed_by text;
CREATE INDEX remote_contact_staged ON remote_contact (gallery_id, webservice_id, remote_id) WHERE staged IS NOT NULL;

-- Contacts of the gallery may share one there: those that were merged there, and an imported one with the gallery's own.
-- Everything else that stands there belongs to one record.
DROP INDEX entry_remote;
CREATE UNIQUE INDEX entry_remote
    ON entry (gallery_id, webservice_id, type, remote_id, (CASE WHEN type = 'contact' THEN record_id ELSE '' END))
    WHERE remote_id IS NOT NULL;
