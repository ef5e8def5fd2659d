//! The pieces of work, one file each.

pub(crate) mod collection;
pub(crate) mod crowd;
pub(crate) mod fanout;
pub(crate) mod sync;
