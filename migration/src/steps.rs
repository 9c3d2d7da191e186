//! The steps, in order. Each is safe beside the program version before it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

/// A step whose statements stand in two files beside this one.
#[derive(Hash)]
pub(crate) struct Step {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

macro_rules! step {
    ($name:literal) => {
        Step {
            name: $name,
            up: include_str!(concat!("steps/", $name, "_up.sql")),
            down: include_str!(concat!("steps/", $name, "_down.sql")),
        }
    };
}

pub(crate) const STEPS: [Step; 15] = [
    step!("m0001_accounts"),
    step!("m0002_batches"),
    step!("m0003_ledger"),
    step!("m0004_budgets"),
    step!("m0005_checks"),
    step!("m0006_economy"),
    step!("m0007_spending"),
    step!("m0008_generations"),
    step!("m0009_templates"),
    step!("m0010_assets"),
    step!("m0011_analytics"),
    step!("m0012_logins"),
    step!("m0013_ownership"),
    step!("m0014_sweep_of_uploads"),
    step!("m0015_answer_cache"),
];

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        schema.get_connection().execute_unprepared(self.up).await.map(|_| ())
    }

    async fn down(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        schema.get_connection().execute_unprepared(self.down).await.map(|_| ())
    }
}
