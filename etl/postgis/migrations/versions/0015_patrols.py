"""Inspection lists of a day, and what inspectors found at the places."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "patrol_lists",
        sa.Column("ref", sa.Text(), primary_key=True, comment="number, such as X2026-0007"),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False, comment="that it was made from"),
        sa.Column("start", JSONB(), comment="lon, lat and, for a town, its name; degrees of the storage CRS"),
        sa.Column("places", JSONB(), nullable=False, comment="keys of the places, in order"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
    op.create_table(
        "patrol_records",
        sa.Column("record_id", sa.Text(), primary_key=True, comment="made where it was recorded: sent twice it is one"),
        sa.Column("list_ref", sa.Text(), sa.ForeignKey("ops.patrol_lists.ref")),
        sa.Column("place", sa.Text(), nullable=False, index=True, comment="the same in every edition"),
        sa.Column("name", sa.Text()),
        sa.Column("town_name", sa.Text()),
        sa.Column("edition", sa.Integer(), nullable=False, comment="that the inspector had before them"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("n_photos", sa.Integer(), sa.CheckConstraint("n_photos BETWEEN 0 AND 3"), nullable=False, comment="that were taken"),
        sa.Column("arrived_at", sa.DateTime(timezone=True)),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, comment="by the clock of the inspector's device"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
    op.create_table(
        "patrol_photos",
        sa.Column("record_id", sa.Text(), sa.ForeignKey("ops.patrol_records.record_id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, comment="1 to 3: sent twice it is one"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the file below the home's photos"),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema="ops",
    )
