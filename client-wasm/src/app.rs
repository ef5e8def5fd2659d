//! The page without a browser: addresses, lists, forms, texts written together, wording.
//!
//! Nothing here knows Leptos or web-sys; all of it compiles and is tested natively.

pub mod account;
pub mod columns;
pub mod dates;
pub mod decisions;
pub mod decode;
pub mod entry;
pub mod failure;
pub mod filters;
pub mod fold;
pub mod form;
pub mod home;
pub mod input;
pub mod keys;
pub mod language;
pub mod lock;
pub mod office;
pub mod openid;
pub mod order;
pub mod passkey;
pub mod people;
pub mod port;
pub mod protocol;
pub mod query;
pub mod read;
pub mod refused;
pub mod route;
pub mod rows;
pub mod status;
pub mod text;
pub mod title;
pub mod undo;
