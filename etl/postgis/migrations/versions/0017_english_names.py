"""What a source and its supplier are called in English, where the manifest states it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
COMMENT = "empty: the manifest states none"


def upgrade() -> None:
    for name in ("title_en", "supplier_en"):
        op.add_column("loads", sa.Column(name, sa.Text(), nullable=False, server_default="", comment=COMMENT), schema="ops")
    # A view keeps the columns it was made with.
    op.execute("CREATE OR REPLACE VIEW ops.loads_in_force AS SELECT * FROM ops.loads WHERE rolled_back_at IS NULL")
