//! Journeys over a real socket, on a database and a Redis namespace of their own.

mod accounts;
mod app;
mod bad_input;
mod brand_kit;
mod budgets;
mod campaigns;
mod checks;
mod compat;
mod compat_batches;
mod crew;
mod document;
mod download;
mod estimates;
mod generations;
mod media;
mod member;
mod open_as;
mod program;
mod projects;
mod providers;
mod service;
mod status;
mod streams;
mod submit;
mod templates;
mod whole_way;
