"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "command_key",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("verb", sa.String(length=16), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_command_key")),
    )
    op.create_index(op.f("ix_command_key_at"), "command_key", ["at"], unique=False)

    op.create_table(
        "greeting",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("dnis", sa.String(length=20), nullable=True),
        sa.Column("text", sa.String(length=120), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("to_person", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_greeting")),
        sa.UniqueConstraint("name", name=op.f("uq_greeting_name")),
    )
    op.create_table(
        "holiday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("staffed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_holiday")),
    )
    op.create_table(
        "identity_attempt",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("by_kind", sa.String(length=8), nullable=False),
        sa.Column("by_print", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_attempt")),
    )
    op.create_index("ix_identity_attempt_by", "identity_attempt", ["by_kind", "by_print", "at"], unique=False)

    op.create_table(
        "opening_hours",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("dnis", sa.String(length=20), nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_hours")),
    )
    op.create_table(
        "person",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("pinyin", sa.String(length=120), nullable=False),
        sa.Column("initials", sa.String(length=20), nullable=False),
        sa.Column("sex", sa.String(length=8), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("identity_kind", sa.String(length=12), nullable=True),
        sa.Column("identity_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("identity_print", sa.String(length=32), nullable=True),
        sa.Column("identity_tail_print", sa.String(length=32), nullable=True),
        sa.Column("guardian_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("elder_care", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("verified", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["guardian_id"], ["person.id"], name=op.f("fk_person_guardian_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint(
            "identity_kind", "identity_print", name=op.f("uq_person_identity_kind_identity_print")
        ),
    )
    op.create_index(op.f("ix_person_initials"), "person", ["initials"], unique=False)

    op.create_table(
        "region",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["region.id"], name=op.f("fk_region_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
        sa.UniqueConstraint("code", name=op.f("uq_region_code")),
    )
    op.create_table(
        "role",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("functions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("name", name=op.f("uq_role_name")),
    )
    op.create_table(
        "hospital",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("code", sa.String(length=22), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("short_name", sa.String(length=30), nullable=False),
        sa.Column("pinyin", sa.String(length=200), nullable=False),
        sa.Column("initials", sa.String(length=60), nullable=False),
        sa.Column("grade", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("region_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("website", sa.String(length=120), nullable=False),
        sa.Column("introduction", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("menu_order", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["hospital.id"], name=op.f("fk_hospital_parent_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_hospital_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hospital")),
        sa.UniqueConstraint("code", name=op.f("uq_hospital_code")),
    )
    op.create_index(op.f("ix_hospital_initials"), "hospital", ["initials"], unique=False)
    op.create_index(op.f("ix_hospital_region_id"), "hospital", ["region_id"], unique=False)

    op.create_table(
        "interaction",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("linked_id", sa.String(length=80), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("ani_print", sa.String(length=32), nullable=True),
        sa.Column("ani_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("dnis", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reached", sa.String(length=24), nullable=False),
        sa.Column("disposition", sa.String(length=24), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_interaction_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
        sa.UniqueConstraint("linked_id", name=op.f("uq_interaction_linked_id")),
    )
    op.create_index(op.f("ix_interaction_ani_print"), "interaction", ["ani_print"], unique=False)
    op.create_index(
        "ix_interaction_open",
        "interaction",
        ["started_at"],
        unique=False,
        sqlite_where=sa.text("closed_at is null"),
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_index(op.f("ix_interaction_person_id"), "interaction", ["person_id"], unique=False)

    op.create_table(
        "person_phone",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("main", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_phone_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_phone")),
        sa.UniqueConstraint("person_id", "phone_print", name=op.f("uq_person_phone_person_id_phone_print")),
    )
    op.create_index(op.f("ix_person_phone_person_id"), "person_phone", ["person_id"], unique=False)
    op.create_index(op.f("ix_person_phone_phone_print"), "person_phone", ["phone_print"], unique=False)

    op.create_table(
        "booking_rule",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("period_type", sa.String(length=12), nullable=True),
        sa.Column("period_value", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_booking_rule_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_rule")),
    )
    op.create_index(op.f("ix_booking_rule_hospital_id"), "booking_rule", ["hospital_id"], unique=False)

    op.create_table(
        "callback",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("recording", sa.String(length=120), nullable=True),
        sa.Column("recording_s", sa.Integer(), nullable=False),
        sa.Column("promised_for", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_callback_interaction_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_callback_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
    )
    op.create_index(op.f("ix_callback_interaction_id"), "callback", ["interaction_id"], unique=False)

    op.create_table(
        "campus",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_campus_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campus")),
        sa.UniqueConstraint("hospital_id", "name", name=op.f("uq_campus_hospital_id_name")),
    )
    op.create_index(op.f("ix_campus_hospital_id"), "campus", ["hospital_id"], unique=False)

    op.create_table(
        "credit_event",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proof", sa.String(length=120), nullable=False),
        sa.Column("forgiven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forgiven_why", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_credit_event_hospital_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_credit_event_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_event")),
    )
    op.create_index(op.f("ix_credit_event_appointment_id"), "credit_event", ["appointment_id"], unique=False)
    op.create_index("ix_credit_event_person", "credit_event", ["person_id", "at"], unique=False)

    op.create_table(
        "department",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("standard_code", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("pinyin", sa.String(length=120), nullable=False),
        sa.Column("initials", sa.String(length=40), nullable=False),
        sa.Column("introduction", sa.Text(), nullable=False),
        sa.Column("special", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("menu_order", sa.Integer(), nullable=False),
        sa.Column("where", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_department_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("hospital_id", "code", name=op.f("uq_department_hospital_id_code")),
    )
    op.create_index(op.f("ix_department_standard_code"), "department", ["standard_code"], unique=False)

    op.create_table(
        "doctor",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("pinyin", sa.String(length=80), nullable=False),
        sa.Column("initials", sa.String(length=20), nullable=False),
        sa.Column("sex", sa.String(length=8), nullable=True),
        sa.Column("title", sa.String(length=20), nullable=False),
        sa.Column("speciality", sa.String(length=200), nullable=False),
        sa.Column("introduction", sa.Text(), nullable=False),
        sa.Column("recommended", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_doctor_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor")),
        sa.UniqueConstraint("hospital_id", "code", name=op.f("uq_doctor_hospital_id_code")),
    )
    op.create_index(op.f("ix_doctor_hospital_id"), "doctor", ["hospital_id"], unique=False)
    op.create_index(op.f("ix_doctor_initials"), "doctor", ["initials"], unique=False)

    op.create_table(
        "journal",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("transaction", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_journal_interaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_appointment", "journal", ["appointment_id", "id"], unique=False)
    op.create_index("ix_journal_interaction", "journal", ["interaction_id", "id"], unique=False)
    op.create_index("ix_journal_order", "journal", ["transaction", "id"], unique=False)

    op.create_table(
        "staff",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=8), nullable=True),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_staff_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
        sa.UniqueConstraint("number", name=op.f("uq_staff_number")),
    )
    op.create_table(
        "visit_card",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("card_print", sa.String(length=32), nullable=False),
        sa.Column("card_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("balance_fen", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_visit_card_hospital_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_visit_card_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_card")),
        sa.UniqueConstraint("hospital_id", "card_print", name=op.f("uq_visit_card_hospital_id_card_print")),
    )
    op.create_index(op.f("ix_visit_card_person_id"), "visit_card", ["person_id"], unique=False)

    op.create_table(
        "blacklist_entry",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_key", sa.String(length=60), nullable=False),
        sa.Column("rule_row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("fk_blacklist_entry_hospital_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_blacklist_entry_person_id")),
        sa.ForeignKeyConstraint(
            ["rule_row_id"], ["booking_rule.id"], name=op.f("fk_blacklist_entry_rule_row_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blacklist_entry")),
    )
    op.create_index("ix_blacklist_person", "blacklist_entry", ["person_id", "until"], unique=False)
    # Autogeneration does not see it: it indexes an expression.
    op.create_index(
        "uq_blacklist_active",
        "blacklist_entry",
        ["person_id", "rule_key", sa.text("coalesce(hospital_id, 0)")],
        unique=True,
        sqlite_where=sa.text("ended_at is null"),
        postgresql_where=sa.text("ended_at is null"),
    )

    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("carrier", sa.String(length=16), nullable=False),
        sa.Column("journal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_outbox_journal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("carrier", "journal_id", name=op.f("uq_outbox_carrier_journal_id")),
    )
    op.create_index(
        "ix_outbox_dead",
        "outbox",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_outbox_lane",
        "outbox",
        ["appointment_id", "carrier"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )

    op.create_table(
        "post",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("department_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("doctor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_post_department_id")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name=op.f("fk_post_doctor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post")),
        sa.UniqueConstraint(
            "department_id", "doctor_id", "kind", name=op.f("uq_post_department_id_doctor_id_kind")
        ),
    )
    op.create_index(op.f("ix_post_department_id"), "post", ["department_id"], unique=False)
    op.create_index(op.f("ix_post_doctor_id"), "post", ["doctor_id"], unique=False)
    op.create_index("ix_post_kind", "post", ["department_id", "kind"], unique=False)

    op.create_table(
        "staff_role",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_staff_role_role_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_role_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_role")),
        sa.UniqueConstraint("staff_id", "role_id", name=op.f("uq_staff_role_staff_id_role_id")),
    )
    op.create_index(op.f("ix_staff_role_staff_id"), "staff_role", ["staff_id"], unique=False)

    op.create_table(
        "appeal",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("answer", sa.String(length=400), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["blacklist_entry.id"], name=op.f("fk_appeal_entry_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_appeal_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
    )
    op.create_index(op.f("ix_appeal_entry_id"), "appeal", ["entry_id"], unique=False)

    op.create_table(
        "schedule_exception",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("half", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("starts", sa.Time(), nullable=True),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("period_minutes", sa.Integer(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("room", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_schedule_exception_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_exception")),
        sa.UniqueConstraint("post_id", "day", "half", name=op.f("uq_schedule_exception_post_id_day_half")),
    )
    op.create_table(
        "schedule_template",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("half", sa.String(length=8), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("period_minutes", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("shares", sa.JSON(), nullable=False),
        sa.Column("room", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_schedule_template_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_template")),
        sa.UniqueConstraint(
            "post_id",
            "weekday",
            "half",
            "valid_from",
            name=op.f("uq_schedule_template_post_id_weekday_half_valid_from"),
        ),
    )
    op.create_index(op.f("ix_schedule_template_post_id"), "schedule_template", ["post_id"], unique=False)

    op.create_table(
        "session",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("department_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("doctor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("number_kind", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("half", sa.String(length=8), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("room", sa.String(length=40), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("release_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stop_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recycle_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("external_id", sa.String(length=40), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_session_department_id")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name=op.f("fk_session_doctor_id")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_session_hospital_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_session_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("post_id", "day", "half", name=op.f("uq_session_post_id_day_half")),
    )
    op.create_index("ix_session_day", "session", ["day", "hospital_id"], unique=False)
    op.create_index("ix_session_department_day", "session", ["department_id", "day"], unique=False)
    op.create_index("ix_session_doctor_day", "session", ["doctor_id", "day"], unique=False)

    op.create_table(
        "period",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_period_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period")),
    )
    op.create_index(op.f("ix_period_session_id"), "period", ["session_id"], unique=False)

    op.create_table(
        "slot",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("period_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("pool", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("fhir", sa.String(length=18), nullable=False),
        sa.Column("hold_id", sa.String(length=24), nullable=True),
        sa.Column("stopped_from", sa.String(length=10), nullable=True),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["period_id"], ["period.id"], name=op.f("fk_slot_period_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_slot_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint("session_id", "sequence", name=op.f("uq_slot_session_id_sequence")),
    )
    op.create_index(
        "ix_slot_free",
        "slot",
        ["session_id", "sequence"],
        unique=False,
        sqlite_where=sa.text("state = 'free'"),
        postgresql_where=sa.text("state = 'free'"),
    )
    op.create_index(op.f("ix_slot_period_id"), "slot", ["period_id"], unique=False)

    op.create_table(
        "appointment",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("serial", sa.String(length=8), nullable=False),
        sa.Column("slot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("department_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("doctor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_print", sa.String(length=32), nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number_kind", sa.String(length=12), nullable=False),
        sa.Column("room", sa.String(length=40), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("pay_mode", sa.String(length=12), nullable=False),
        sa.Column("pay_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("fhir", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("queue_number", sa.String(length=12), nullable=True),
        sa.Column("replaces_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("replaced_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("promised", sa.JSON(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("fee_fen >= 0", name=op.f("ck_appointment_fee")),
        sa.ForeignKeyConstraint(["booker_id"], ["person.id"], name=op.f("fk_appointment_booker_id")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_appointment_department_id")
        ),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctor.id"], name=op.f("fk_appointment_doctor_id")),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_appointment_hospital_id")),
        sa.ForeignKeyConstraint(
            ["interaction_id"], ["interaction.id"], name=op.f("fk_appointment_interaction_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_appointment_person_id")),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["appointment.id"], name=op.f("fk_appointment_replaced_by_id")
        ),
        sa.ForeignKeyConstraint(["replaces_id"], ["appointment.id"], name=op.f("fk_appointment_replaces_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_appointment_session_id")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_appointment_slot_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_appointment_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("serial", name=op.f("uq_appointment_serial")),
    )
    op.create_index(op.f("ix_appointment_contact_print"), "appointment", ["contact_print"], unique=False)
    op.create_index("ix_appointment_day_hospital", "appointment", ["day", "hospital_id"], unique=False)
    op.create_index(
        "ix_appointment_due",
        "appointment",
        ["day"],
        unique=False,
        sqlite_where=sa.text("state in ('booked', 'checked_in')"),
        postgresql_where=sa.text("state in ('booked', 'checked_in')"),
    )
    op.create_index(op.f("ix_appointment_interaction_id"), "appointment", ["interaction_id"], unique=False)
    op.create_index(
        "ix_appointment_pay_by",
        "appointment",
        ["pay_by"],
        unique=False,
        sqlite_where=sa.text("state = 'unpaid'"),
        postgresql_where=sa.text("state = 'unpaid'"),
    )
    op.create_index("ix_appointment_person_day", "appointment", ["person_id", "day"], unique=False)
    op.create_index(op.f("ix_appointment_session_id"), "appointment", ["session_id"], unique=False)
    op.create_index(
        "uq_appointment_live_slot",
        "appointment",
        ["slot_id"],
        unique=True,
        sqlite_where=sa.text("state in ('booked', 'checked_in', 'provisional', 'unpaid')"),
        postgresql_where=sa.text("state in ('booked', 'checked_in', 'provisional', 'unpaid')"),
    )

    op.create_table(
        "hold",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("slot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_hold_interaction_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_hold_person_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_hold_session_id")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_hold_slot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(
        "ix_hold_due",
        "hold",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(op.f("ix_hold_interaction_id"), "hold", ["interaction_id"], unique=False)
    op.create_index(op.f("ix_hold_session_id"), "hold", ["session_id"], unique=False)
    op.create_index(op.f("ix_hold_slot_id"), "hold", ["slot_id"], unique=False)
    op.create_index(
        "uq_hold_live_slot",
        "hold",
        ["slot_id"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )

    op.create_table(
        "payment",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("appointment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hospital_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_txn", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_payment_not_negative")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_payment_appointment_id")
        ),
        sa.ForeignKeyConstraint(["hospital_id"], ["hospital.id"], name=op.f("fk_payment_hospital_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
    )
    op.create_index(op.f("ix_payment_appointment_id"), "payment", ["appointment_id"], unique=False)
    op.create_index(
        "uq_payment_txn",
        "payment",
        ["provider", "provider_txn"],
        unique=True,
        sqlite_where=sa.text("provider_txn is not null"),
        postgresql_where=sa.text("provider_txn is not null"),
    )

    op.create_table(
        "text_message",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("journal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone_print", sa.String(length=32), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("phone_masked", sa.String(length=20), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=80), nullable=True),
        sa.Column("gateway", sa.String(length=16), nullable=True),
        sa.Column("gateway_id", sa.String(length=80), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_text_message_appointment_id")
        ),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_text_message_journal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_message")),
        sa.UniqueConstraint("subject", "version", "kind", name=op.f("uq_text_message_subject_version_kind")),
    )
    op.create_index(op.f("ix_text_message_appointment_id"), "text_message", ["appointment_id"], unique=False)
    op.create_index(op.f("ix_text_message_phone_print"), "text_message", ["phone_print"], unique=False)
    op.create_index(
        "uq_text_message_gateway_id",
        "text_message",
        ["gateway", "gateway_id"],
        unique=True,
        sqlite_where=sa.text("gateway_id is not null"),
        postgresql_where=sa.text("gateway_id is not null"),
    )

    op.create_table(
        "refund",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("appointment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_refund_positive")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_refund_appointment_id")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
    )
    op.create_index(op.f("ix_refund_appointment_id"), "refund", ["appointment_id"], unique=False)
    op.create_index(op.f("ix_refund_payment_id"), "refund", ["payment_id"], unique=False)


def downgrade() -> None:
    # A table takes its indexes with it.
    op.drop_table("refund")
    op.drop_table("text_message")
    op.drop_table("payment")
    op.drop_table("hold")
    op.drop_table("appointment")
    op.drop_table("slot")
    op.drop_table("period")
    op.drop_table("session")
    op.drop_table("schedule_template")
    op.drop_table("schedule_exception")
    op.drop_table("appeal")
    op.drop_table("staff_role")
    op.drop_table("post")
    op.drop_table("outbox")
    op.drop_table("blacklist_entry")
    op.drop_table("visit_card")
    op.drop_table("staff")
    op.drop_table("journal")
    op.drop_table("doctor")
    op.drop_table("department")
    op.drop_table("credit_event")
    op.drop_table("campus")
    op.drop_table("callback")
    op.drop_table("booking_rule")
    op.drop_table("person_phone")
    op.drop_table("interaction")
    op.drop_table("hospital")
    op.drop_table("role")
    op.drop_table("region")
    op.drop_table("person")
    op.drop_table("opening_hours")
    op.drop_table("identity_attempt")
    op.drop_table("holiday")
    op.drop_table("greeting")
    op.drop_table("command_key")
