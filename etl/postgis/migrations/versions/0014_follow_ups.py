"""The follow-up ledger: violations and occupied pipes with who remedies them, until when, and what became of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
TEXTS = ("subject_layer", "subject_feature_id", "subject_name", "object_layer", "object_feature_id", "object_name",
         "enterprise_id", "pipeline_id", "town_name", "closed_reason")  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "follow_ups",
        sa.Column("ref", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), sa.CheckConstraint("kind IN ('violation', 'occupation')"), nullable=False),
        sa.Column("violation_id", sa.Text(), nullable=False, comment="the same in every edition"),
        sa.Column("rule_id", sa.Text(), nullable=False),
        *[sa.Column(name, sa.Text()) for name in TEXTS],
        sa.Column("edition", sa.Integer(), nullable=False, comment="that the evidence is from"),
        sa.Column("evidence", JSONB(), nullable=False, comment="the violation as that edition has it; never changed"),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
    op.create_index(
        "follow_ups_one_open", "follow_ups", ["violation_id"], unique=True, schema="ops", postgresql_where=sa.text("closed_on IS NULL")
    )
    op.create_table(
        "follow_up_events",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("ref", sa.Text(), sa.ForeignKey("ops.follow_ups.ref"), nullable=False, index=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
    op.create_table(
        "follow_up_checks",
        sa.Column("ref", sa.Text(), sa.ForeignKey("ops.follow_ups.ref"), primary_key=True),
        sa.Column("edition", sa.Integer(), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False, comment="still, or why it is gone"),
        sa.Column("figures", JSONB(), comment="of the violation in that edition"),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
    op.create_table(
        "follow_up_photos",
        sa.Column("ref", sa.Text(), sa.ForeignKey("ops.follow_ups.ref"), primary_key=True),
        sa.Column("sha256", sa.Text(), primary_key=True, comment="of the file below the home's photos"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
