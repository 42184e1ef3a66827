"""Operations: loads, refused and repaired rows, delivered files, editions, siting cases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

COUNTS = (
    "n_read", "n_accepted", "n_added", "n_changed", "n_gone", "n_unchanged", "n_merged", "n_refused",
    "n_repaired", "n_unplaced",
)


def _now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("declaration", JSONB(), nullable=False),
        sa.Column("boundary_wkb", sa.LargeBinary(), nullable=False, comment="outline in the storage CRS"),
        sa.Column("only", sa.Boolean(), nullable=False, server_default=sa.true(), unique=True),
        sa.CheckConstraint('"only"', name="one_area"),
        schema="ops",
    )
    op.create_table(
        "files",
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        _now("kept_at"),
        schema="ops",
    )
    op.create_table(
        "loads",
        sa.Column("load_id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("delivery_label", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date()),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("supplier", sa.Text(), nullable=False),
        sa.Column("files", JSONB(), nullable=False, comment="name and sha256 of each delivered file"),
        sa.Column("input_hash", sa.Text(), nullable=False, comment="files, manifest, mapping and check version"),
        *[sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in COUNTS],
        sa.Column("seconds", sa.Double()),
        sa.Column("notes", JSONB()),
        _now("loaded_at"),
        schema="ops",
    )
    op.create_index("loads_source", "loads", ["source_id", "load_id"], schema="ops")
    op.create_table(
        "refused",
        sa.Column("load_id", sa.Integer(), sa.ForeignKey("ops.loads.load_id"), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("file", sa.Text()),
        sa.Column("source_row", sa.Integer()),
        sa.Column("field", sa.Text()),
        sa.Column("value", sa.Text()),
        sa.Column("rule_id", sa.Text(), nullable=False),
        *[sa.Column(name, sa.Text()) for name in ("reason_zh", "reason_en", "advice_zh", "advice_en")],
        schema="ops",
    )
    op.create_index("refused_load", "refused", ["load_id"], schema="ops")
    op.create_table(
        "repaired",
        sa.Column("load_id", sa.Integer(), sa.ForeignKey("ops.loads.load_id"), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("feature_id", sa.Text(), nullable=False),
        sa.Column("file", sa.Text()),
        sa.Column("source_row", sa.Integer()),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        schema="ops",
    )
    op.create_table(
        "editions",
        sa.Column("edition", sa.Integer(), primary_key=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("data_as_of", sa.Date()),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("is_pinned", sa.Boolean(), nullable=False, server_default=sa.false()),
        _now("created_at"),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("status IN ('draft', 'published', 'retired')", name="edition_status"),
        schema="ops",
    )
    op.create_table(
        "cases",
        sa.Column("ref", sa.Text(), primary_key=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("request", JSONB(), nullable=False),
        sa.Column("answer", JSONB(), nullable=False),
        _now("created_at"),
        schema="ops",
    )
    op.create_table(
        "rasters",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("info", JSONB(), nullable=False),
        sa.Column("from_load", sa.Integer(), nullable=False),
        sa.Column("to_load", sa.Integer()),
        schema="register",
    )
