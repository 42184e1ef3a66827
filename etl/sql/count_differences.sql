-- Rows that only one of two tables of the same shape has; geometries compare as bytes.
SELECT
    (SELECT count(*) FROM (SELECT t.*::text FROM {one} AS t EXCEPT SELECT t.*::text FROM {two} AS t) AS gone)
    + (SELECT count(*) FROM (SELECT t.*::text FROM {two} AS t EXCEPT SELECT t.*::text FROM {one} AS t) AS come)
