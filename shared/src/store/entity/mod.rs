//! One entity a table, for `SeaORM`.

pub mod campaign;
pub mod session;
pub mod user;
