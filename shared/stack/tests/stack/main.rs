//! Private servers and supervised programs, for real: processes are started, killed and found again.

mod command;
mod folder;
mod parts;
mod rights;
mod servers;
