"""How many features of a load kept their former state because their new row was refused."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "loads",
        sa.Column("n_held", sa.Integer(), nullable=False, server_default="0", comment="kept as they were: their new row was refused"),
        schema="ops",
    )
    # A view keeps the columns it was made with.
    op.execute("CREATE OR REPLACE VIEW ops.loads_in_force AS SELECT * FROM ops.loads WHERE rolled_back_at IS NULL")
