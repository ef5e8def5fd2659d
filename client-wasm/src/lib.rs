//! Meltemi's browser client: the page, which shows records, and the worker, which holds them; and
//! beside it the office, where members are administered.

pub mod app;
#[cfg(target_arch = "wasm32")]
pub mod bridge;
pub mod locale;
#[cfg(target_arch = "wasm32")]
pub mod office;
#[cfg(target_arch = "wasm32")]
pub mod page;
#[cfg(target_arch = "wasm32")]
pub mod platform;
#[cfg(target_arch = "wasm32")]
pub mod ui;

// The worker's side. What has no browser in it is tested natively.
#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
pub mod driver;
#[cfg(target_arch = "wasm32")]
mod log;
#[cfg(target_arch = "wasm32")]
mod network;
#[cfg(target_arch = "wasm32")]
mod scope;
#[cfg(any(target_arch = "wasm32", test))]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
mod storage;
#[cfg(any(target_arch = "wasm32", test))]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
mod tabs;
