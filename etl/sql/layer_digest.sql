-- Hash of the content of one layer of an edition, 'empty' without rows; geometries count as bytes.
SELECT coalesce(md5(string_agg(md5(ROW(feature_id, {columns})::text), '' ORDER BY feature_id COLLATE "C")), 'empty')
FROM {table}
