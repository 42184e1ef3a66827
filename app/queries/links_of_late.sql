-- How many codes were made within some seconds. seconds: how many
SELECT count(*)
FROM ops.short_links
WHERE created_at > now() - make_interval(secs => %(seconds)s)
