//! The store against a real Postgres: what the statements promise, alone, side by side and under random histories.

mod advance;
mod books;
mod budgets;
mod connections;
mod deaths;
mod economy;
mod generations;
mod histories;
mod migrations;
mod ownership;
mod proxy;
mod reconciliation;
mod siblings;
mod uploads;
mod world;
