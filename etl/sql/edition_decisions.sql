-- What people, or a stated policy, decided about features up to now.
CREATE TABLE {decisions} AS
SELECT layer, feature_id, kind, decision, by_name, at, reason_zh, reason_en
FROM ops.feature_decisions
