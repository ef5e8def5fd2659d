//! Meltemi's server: keeps documents on a disk, syncs them over WebSockets, hands out the web
//! client. What a record is and how documents are synced is `meltemi-core`'s business.

mod accounts;
mod auth;
pub mod cli;
mod clock;
pub mod config;
mod door;
mod driver;
mod health;
mod http;
pub mod import;
mod install;
mod intake;
mod limits;
pub mod lock;
mod offline;
mod openid;
mod outbox;
mod places;
pub mod server;
mod socket;
mod sockets;
pub mod storage;
pub mod telemetry;

pub use server::run;
