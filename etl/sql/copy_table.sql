-- Takes over a whole table of an earlier edition.
INSERT INTO {after}
SELECT *
FROM {before}
