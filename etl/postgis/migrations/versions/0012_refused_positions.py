"""Where refused rows lie, as far as their position can be read: a check shows them beside the accepted ones."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for name, axis in (("lon", "longitude"), ("lat", "latitude")):
        op.add_column("refused", sa.Column(name, sa.Double(), comment=f"{axis} of the middle, degrees of the storage CRS"), schema="ops")
