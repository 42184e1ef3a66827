"""Who published an edition and who took a load back, and why, where a person was asked."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

COLUMNS = {
    "editions": {"published_by": "who had it published; empty: nobody was asked", "publication_note": "why"},
    "loads": {"rolled_back_by": "who took it back; empty: nobody was asked", "rolled_back_reason": "why"},
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, comment in columns.items():
            column = sa.Column(name, sa.Text(), nullable=False, server_default="", comment=comment)
            op.add_column(table, column, schema="ops")
    op.execute("CREATE OR REPLACE VIEW ops.loads_in_force AS SELECT * FROM ops.loads WHERE rolled_back_at IS NULL")
