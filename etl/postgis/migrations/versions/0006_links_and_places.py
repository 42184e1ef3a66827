"""Records of one enterprise in several lists, positions found for addresses, and what people decided about both."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

PAIR = ("layer_a", "feature_a", "layer_b", "feature_b")
LATEST_PAIR_DECISIONS = """
CREATE VIEW ops.match_decisions_in_force AS
SELECT * FROM (
    SELECT DISTINCT ON (layer_a, feature_a, layer_b, feature_b) *
    FROM ops.match_decisions
    ORDER BY layer_a, feature_a, layer_b, feature_b, decision_id DESC
) AS latest
WHERE decision <> 'undo'
"""
LINKS = """
CREATE VIEW ops.links_in_force AS
SELECT
    layer_a, feature_a, layer_b, feature_b, score, 'accepted' AS basis, by_name, decided_at AS linked_at, reason, evidence
FROM ops.match_decisions_in_force
WHERE decision = 'accept'
UNION ALL
SELECT
    p.layer_a, p.feature_a, p.layer_b, p.feature_b, p.score, 'certain' AS basis, '' AS by_name, p.found_at AS linked_at,
    '' AS reason, p.evidence
FROM ops.match_pairs AS p
LEFT JOIN ops.match_decisions_in_force AS d USING (layer_a, feature_a, layer_b, feature_b)
WHERE p.band = 'certain' AND d.decision_id IS NULL
"""
PLACEMENTS = """
CREATE VIEW ops.placements_in_force AS
SELECT * FROM (
    SELECT DISTINCT ON (layer, feature_id) *
    FROM ops.place_decisions
    ORDER BY layer, feature_id, decision_id DESC
) AS latest
WHERE decision = 'accept'
"""
FEATURE_DECISIONS = """
CREATE VIEW ops.feature_decisions AS
WITH ends AS (
    SELECT layer_a AS layer, feature_a AS feature_id, layer_b AS other_layer, feature_b AS other_id, decision, by_name,
           decided_at, reason
    FROM ops.match_decisions
    UNION ALL
    SELECT layer_b, feature_b, layer_a, feature_a, decision, by_name, decided_at, reason FROM ops.match_decisions
    UNION ALL
    SELECT layer_a, feature_a, layer_b, feature_b, 'auto', '', found_at, '' FROM ops.match_pairs WHERE band = 'certain'
    UNION ALL
    SELECT layer_b, feature_b, layer_a, feature_a, 'auto', '', found_at, '' FROM ops.match_pairs WHERE band = 'certain'
)
SELECT
    layer, feature_id, 'match' AS kind, decision, by_name, decided_at AS at,
    CASE decision WHEN 'accept' THEN '确认与 ' WHEN 'reject' THEN '判定不同于 ' WHEN 'undo' THEN '撤回关于 '
        ELSE '代码一致,自动关联 ' END || other_layer || ' ' || other_id
        || CASE decision WHEN 'accept' THEN ' 为同一单位' WHEN 'undo' THEN ' 的判定' ELSE '' END
        || CASE WHEN reason = '' THEN '' ELSE ':' || reason END AS reason_zh,
    CASE decision WHEN 'accept' THEN 'same place as ' WHEN 'reject' THEN 'not the same as '
        WHEN 'undo' THEN 'decision taken back on ' ELSE 'equal code, linked by itself to ' END || other_layer || ' ' || other_id
        || CASE WHEN reason = '' THEN '' ELSE ': ' || reason END AS reason_en
FROM ends
UNION ALL
SELECT
    layer, feature_id, 'place', decision, by_name, decided_at,
    CASE decision WHEN 'accept' THEN '按地名地址定位,精度 ' || round(accuracy_m) || ' m' WHEN 'reject' THEN '不采用推荐位置'
        ELSE '撤回定位判定' END || CASE WHEN reason = '' THEN '' ELSE ':' || reason END,
    CASE decision WHEN 'accept' THEN 'placed by the gazetteer, accuracy ' || round(accuracy_m) || ' m'
        WHEN 'reject' THEN 'proposed position not taken' ELSE 'decision on the position taken back' END
        || CASE WHEN reason = '' THEN '' ELSE ': ' || reason END
FROM ops.place_decisions
"""


def _texts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _decided() -> list[sa.Column]:
    return [
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False, comment="who decided; manifest:<source> for a policy"),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint("decision IN ('accept', 'reject', 'undo')"),
    ]


def _position() -> list[sa.Column]:
    return [
        sa.Column("basis", sa.Text(), nullable=False, comment="address or name that was looked up"),
        sa.Column("lon", sa.Double(), comment="storage CRS of the area, degrees"),
        sa.Column("lat", sa.Double(), comment="storage CRS of the area, degrees"),
        sa.Column("score", sa.Double()),
        sa.Column("accuracy_m", sa.Double(), comment="nine in ten lie nearer, metres"),
        sa.Column("method", sa.Text(), comment="what placed it: number, interpolated, road, name, village, town ..."),
        sa.Column("evidence", JSONB()),
    ]


def upgrade() -> None:
    _create_matches()
    _create_places()
    for view in (LATEST_PAIR_DECISIONS, LINKS, PLACEMENTS, FEATURE_DECISIONS):
        op.execute(view)


def _create_matches() -> None:
    op.create_table(
        "match_pairs",
        *_texts(*PAIR),
        sa.Column("score", sa.Double(), nullable=False, comment="probability that both are one enterprise's place"),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("evidence", JSONB(), nullable=False, comment="each component: values, level, weight in bits"),
        sa.Column("model", sa.Text(), nullable=False, comment="version of the parameters"),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint(*PAIR),
        sa.CheckConstraint("band IN ('certain', 'probable')"),
        sa.CheckConstraint("layer_a <> layer_b OR feature_a <> feature_b"),
        schema="ops",
    )
    op.create_table(
        "match_decisions",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        *_texts(*PAIR), *_decided(),
        sa.Column("score", sa.Double()),
        sa.Column("evidence", JSONB()),
        schema="ops",
    )
    op.create_index("match_decisions_pair", "match_decisions", list(PAIR), schema="ops")
    op.create_table(
        "linked_records",
        *_texts("layer", "feature_id"),
        sa.Column("entity_id", sa.Text(), nullable=False, comment="all records of one enterprise's place share it"),
        sa.PrimaryKeyConstraint("layer", "feature_id"),
        schema="ops",
    )
    op.create_index("linked_records_entity", "linked_records", ["entity_id"], schema="ops")


def _create_places() -> None:
    op.create_table(
        "place_proposals",
        *_texts("layer", "feature_id"), *_position(),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("layer", "feature_id"),
        schema="ops",
    )
    op.create_table(
        "place_decisions",
        sa.Column("decision_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        *_texts("layer", "feature_id"), *_decided(), *_position(),
        schema="ops",
    )
    op.create_index("place_decisions_feature", "place_decisions", ["layer", "feature_id"], schema="ops")
