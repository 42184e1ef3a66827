-- The geometry of one feature, storage CRS. {table}: a layer's table of an edition. id: feature_id
SELECT ST_AsBinary(geom) AS wkb FROM {table} WHERE feature_id = %(id)s
