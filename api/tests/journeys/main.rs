//! Journeys over a real socket, on a database and a Redis namespace of their own.

mod app;
mod service;
