-- When a hint was given last, so that one that is given again while its record is read is not forgotten with that.

ALTER TABLE hint ADD COLUMN last bigint NOT NULL DEFAULT 0;
UPDATE hint SET last = at;
