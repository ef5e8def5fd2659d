//! Other programs that speak automerge-repo's protocol sync with our server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod people;
mod samod;
