//! Administration without a browser: what the server answers, who may change what, the bodies of
//! requests. The screens are in `ui/office`.

pub mod answer;
pub mod audit;
pub mod device;
pub mod invitation;
pub mod link;
pub mod member;
pub mod names;
pub mod place;
pub mod qr;
pub mod rights;
