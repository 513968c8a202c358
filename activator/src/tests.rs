//! The activator with scripted pods: no API server, virtual time where time matters.

mod kit;
mod line;
mod pods;
mod reports;
mod stress;
mod watches;
