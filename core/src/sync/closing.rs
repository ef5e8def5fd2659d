//! Why a connection is closed.

use crate::wire::frame::PROTOCOL;

/// Why a replica closes a connection: a stable word for programs, and as [`std::fmt::Display`] a
/// sentence for a person. Both are told to the other side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closing {
    /// What came is no frame, or does not belong where it came.
    #[error("not a valid frame: {0}")]
    BadFrame(String),
    /// The two speak no common version.
    #[error("only protocol version {PROTOCOL} is spoken here; update the app")]
    Version,
    /// The handshake took too long.
    #[error("no valid join came in time; connect again")]
    NoJoin,
    /// A long frame was not sent to its end.
    #[error("the rest of a long frame did not come in time; connect again")]
    NoRest,
    /// Documents that one plain connection has open.
    #[error("too many documents are open at once; open fewer")]
    TooManyOpen,
    /// Documents that are wanted and not yet loaded.
    #[error("too many documents are asked for at once; wait for answers between")]
    TooManyWanted,
    /// Documents that are not there.
    #[error("too many documents asked for that do not exist; ask for those that are listed")]
    TooManyUnknown,
    /// Documents of which something was refused.
    #[error("too many documents were refused; see the first")]
    TooManyRefused,
    /// Documents whose changes lack what they build on.
    #[error("too many changes build on others that are not here; connect again later")]
    TooManyOwed,
    /// Times that the catalogue was gone through.
    #[error("too many comparisons; connect again later")]
    TooManyComparisons,
    /// A comparison that cannot be followed.
    #[error("{0}")]
    BadComparison(String),
    /// Messages that wait for the disk.
    #[error("too many messages wait for the disk; connect again later")]
    TooManyWaiting,
    /// Parts of frames that are not complete.
    #[error("too many long frames come in at once; connect again later")]
    TooManyParts,
    /// What the other side may do has changed.
    #[error("{0}")]
    AccessChanged(&'static str),
    /// Another replica of this device has the line now.
    #[error("another tab keeps the line")]
    GivenUp,
    /// The other side does not answer.
    #[error("no answer came in time")]
    Dead,
}

impl Closing {
    /// The stable word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadFrame(_) => "bad-frame",
            Self::Version => "unsupported-version",
            Self::NoJoin => "no-join",
            Self::NoRest => "no-rest",
            Self::TooManyOpen => "too-many-open",
            Self::TooManyWanted => "too-many-wanted",
            Self::TooManyUnknown => "too-many-unknown",
            Self::TooManyRefused => "too-many-refused",
            Self::TooManyOwed => "too-many-owed",
            Self::TooManyComparisons => "too-many-comparisons",
            Self::BadComparison(_) => "bad-comparison",
            Self::TooManyWaiting => "too-many-waiting",
            Self::TooManyParts => "too-many-parts",
            Self::AccessChanged(_) => "access-changed",
            Self::GivenUp => "given-up",
            Self::Dead => "no-answer",
        }
    }
}
