"""Cases of every kind are kept alike and judged again by later editions; the office's own working days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("cases", sa.Column("kind", sa.Text(), nullable=False, server_default="site_check"), schema="ops")
    op.create_table(
        "case_checks",
        sa.Column("ref", sa.Text(), sa.ForeignKey("ops.cases.ref"), primary_key=True),
        sa.Column("edition", sa.Integer(), primary_key=True, comment="a later edition by which the case was judged again"),
        sa.Column("answer", JSONB(), nullable=False),
        sa.Column("has_changed", sa.Boolean(), nullable=False, comment="against the answer before it"),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), primary_key=True, comment="a day on which the office departs from the holiday calendar"),
        sa.Column("is_working", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
