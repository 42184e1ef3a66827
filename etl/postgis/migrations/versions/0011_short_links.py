"""Short addresses of map views, made by 分享."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "short_links",
        sa.Column("code", sa.Text(), primary_key=True),
        sa.Column("query", sa.Text(), nullable=False, unique=True, comment="query string of the map page, as in ui.md"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
