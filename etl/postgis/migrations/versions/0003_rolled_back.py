"""A load taken back stays in the ledger (`ops.loads_in_force` leaves it out); deliveries tell whether they are whole."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("loads", sa.Column("rolled_back_at", sa.DateTime(timezone=True)), schema="ops")
    op.execute("CREATE VIEW ops.loads_in_force AS SELECT * FROM ops.loads WHERE rolled_back_at IS NULL")
    op.create_table(
        "deliveries",
        sa.Column("label", sa.Text(), primary_key=True),
        sa.Column("as_of", sa.Date()),
        sa.Column("newest_load", sa.Integer(), nullable=False, comment="the newest load when every source was through"),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
