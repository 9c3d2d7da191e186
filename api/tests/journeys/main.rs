//! Journeys over a real socket, on a database and a Redis namespace of their own.

mod accounts;
mod app;
mod campaigns;
mod compat;
mod document;
mod program;
mod service;
