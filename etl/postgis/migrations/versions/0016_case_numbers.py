"""The last number given to a case or draft of each kind and year: the next one needs no look at all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
GIVEN = r"""
INSERT INTO ops.case_numbers (initial, year, last)
SELECT left(ref, 1), substr(ref, 2, 4)::integer, max(split_part(ref, '-', 2)::integer)
FROM (SELECT ref FROM ops.cases UNION ALL SELECT ref FROM ops.case_drafts) AS taken
WHERE ref ~ '^[A-Z][0-9]{4}-[0-9]{1,9}$'
GROUP BY 1, 2
"""


def upgrade() -> None:
    op.create_table(
        "case_numbers",
        sa.Column("initial", sa.Text(), primary_key=True),
        sa.Column("year", sa.Integer(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
        schema="ops",
    )
    op.execute(GIVEN)
