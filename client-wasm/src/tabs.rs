//! What the tabs of one browser say to each other, and which of them holds the line to the server.

#[cfg(target_arch = "wasm32")]
mod channel;
#[cfg(target_arch = "wasm32")]
pub(crate) mod lock;
pub(crate) mod word;

#[cfg(target_arch = "wasm32")]
pub(crate) use self::channel::Channel;

/// What a tab has to tell the driver.
#[derive(Debug)]
pub(crate) enum TabNews {
    /// Another tab said something.
    Heard(word::Message),
    /// This tab's name is reserved, so that others notice when it is gone.
    Named,
    /// Another tab is gone.
    Gone(String),
    /// This tab has the lock of the line, having claimed it this way.
    Leads(Claim),
    /// Another tab has taken the lock of the line, because it got no answer from this one.
    LeadsNoMore,
}

/// Whether to wait for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Until whoever has it is gone.
    Wait,
    /// Not at all: whoever has it does not answer.
    Take,
}
