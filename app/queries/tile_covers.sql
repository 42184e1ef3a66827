-- The tiles that hold anything of each layer. {table}: tile_cover of an edition.
SELECT layer, cells FROM {table}
