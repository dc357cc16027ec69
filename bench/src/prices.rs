//! What each safety of the events' table costs: `COPY` into the table as it is, beside `COPY` into one that
//! lacks it or has it in another way.

use serde::Serialize;

/// How the table differs from the product's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Alteration {
    ForeignKey,
    NoChecks,
    NoGuard,
    GuardForEachRow,
    NoSecondaryIndexes,
    MetadataAsText,
}

impl Alteration {
    pub(crate) const ALL: [Self; 6] = [
        Self::ForeignKey,
        Self::NoChecks,
        Self::NoGuard,
        Self::GuardForEachRow,
        Self::NoSecondaryIndexes,
        Self::MetadataAsText,
    ];

    /// What the table calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ForeignKey => "COPY with a foreign key to epochs",
            Self::NoChecks => "COPY without the CHECKs",
            Self::NoGuard => "COPY without the guard trigger",
            Self::GuardForEachRow => "COPY with the guard for each row",
            Self::NoSecondaryIndexes => "COPY without any index but the key",
            Self::MetadataAsText => "COPY with metadata as text",
        }
    }

    /// The template of its databases.
    pub(crate) const fn template(self) -> &'static str {
        match self {
            Self::ForeignKey => "state_foreign_key",
            Self::NoChecks => "state_no_checks",
            Self::NoGuard => "state_no_guard",
            Self::GuardForEachRow => "state_guard_for_each_row",
            Self::NoSecondaryIndexes => "state_no_secondary_indexes",
            Self::MetadataAsText => "state_metadata_as_text",
        }
    }

    /// What makes it so.
    pub(crate) const fn sql(self) -> &'static str {
        match self {
            Self::ForeignKey => {
                "ALTER TABLE activity_events ADD FOREIGN KEY (ledger_id, epoch_id)
                    REFERENCES epochs (ledger_id, id)"
            }
            Self::NoChecks => {
                "ALTER TABLE activity_events DROP CONSTRAINT activity_events_ids_printable,
                    DROP CONSTRAINT activity_events_kind_is_slug,
                    DROP CONSTRAINT activity_events_times_readable,
                    DROP CONSTRAINT activity_events_user_id_printable,
                    DROP CONSTRAINT provenance_required"
            }
            Self::NoGuard => "DROP TRIGGER activity_events_guard_insert ON activity_events",
            Self::GuardForEachRow => GUARD_FOR_EACH_ROW,
            Self::NoSecondaryIndexes => {
                "DROP INDEX activity_events_by_epoch, activity_events_by_user,
                    activity_events_waiting"
            }
            // The guard of updates names the column, and takes no part in a COPY.
            Self::MetadataAsText => {
                "DROP TRIGGER activity_events_guard_update ON activity_events;
                 ALTER TABLE activity_events ALTER metadata TYPE text"
            }
        }
    }
}

/// The same questions as the product's guard asks once a statement, asked for every row.
const GUARD_FOR_EACH_ROW: &str = "
    DROP TRIGGER activity_events_guard_insert ON activity_events;
    CREATE FUNCTION guard_row() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        touched record;
    BEGIN
        SELECT e.status, e.period_end INTO touched FROM public.epochs e
        WHERE e.ledger_id = NEW.ledger_id AND e.id = NEW.epoch_id FOR SHARE;
        IF NOT FOUND OR touched.status = 'closed' OR NEW.event_time >= touched.period_end THEN
            RAISE EXCEPTION 'refused';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER guard_row BEFORE INSERT ON activity_events
        FOR EACH ROW EXECUTE FUNCTION guard_row()";
