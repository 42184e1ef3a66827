"""Drafts of cases: a form with a number from its first key on, before it is judged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "case_drafts",
        sa.Column("ref", sa.Text(), primary_key=True, comment="number, kept when the draft becomes a case"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("form", JSONB(), nullable=False, comment="what the form holds"),
        sa.Column("copied_from", sa.Text(), comment="case of which this is another alternative"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
