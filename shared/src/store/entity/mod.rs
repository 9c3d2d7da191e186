//! One entity a table, for `SeaORM`.
