"""Warnings about accepted rows, and the counts of warned and moved features of a load."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NEW_COUNTS = {"n_warned": "accepted rows with a warning", "n_moved": "changed features moved further than the source allows"}


def upgrade() -> None:
    op.create_table(
        "warnings",
        sa.Column("load_id", sa.Integer(), sa.ForeignKey("ops.loads.load_id"), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("feature_id", sa.Text(), nullable=False),
        sa.Column("file", sa.Text()),
        sa.Column("source_row", sa.Integer()),
        sa.Column("field", sa.Text()),
        sa.Column("value", sa.Text()),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), comment="what would fit, where the check knows it"),
        schema="ops",
    )
    op.create_index("warnings_load", "warnings", ["load_id"], schema="ops")
    for name, comment in NEW_COUNTS.items():
        op.add_column(
            "loads", sa.Column(name, sa.Integer(), nullable=False, server_default="0", comment=comment), schema="ops"
        )
