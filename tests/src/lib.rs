//! What the tests share: a server process, a device, plain requests, what a storage must do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

pub mod collection;
pub mod conformance;
pub mod device;
pub mod proxy;
pub mod request;
pub mod server;
