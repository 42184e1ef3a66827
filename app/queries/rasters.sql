-- Rasters of an edition. {table}: rasters of the edition.
SELECT layer, policy, path, sha256, info FROM {table} ORDER BY layer, policy
