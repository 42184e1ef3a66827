"""Who approved a load, where a person looked at its difference first."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "loads",
        sa.Column("approved_by", sa.Text(), nullable=False, server_default="", comment="who approved it; empty: nobody was asked"),
        schema="ops",
    )
    op.execute("CREATE OR REPLACE VIEW ops.loads_in_force AS SELECT * FROM ops.loads WHERE rolled_back_at IS NULL")
