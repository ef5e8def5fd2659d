//! Every limit on what comes over the wire or waits because of it.

/// Bytes of one frame. Larger ones close the connection.
pub const FRAME_BYTES: usize = 8 * 1024 * 1024;

/// Characters of a peer id, storage id, message type or code.
pub const NAME_CHARS: usize = 256;

/// Characters of a sentence in an error or refusal; the rest is cut.
pub const SENTENCE_CHARS: usize = 1024;

/// Protocol versions a `join` may list.
pub const VERSIONS: u64 = 16;

/// Bytes of an ephemeral message. Larger ones are dropped.
pub const EPHEMERAL_BYTES: usize = 64 * 1024;

/// Messages of one connection that wait for one document's disk.
pub const WAITING_MESSAGES: usize = 256;

/// Documents without any content that one connection may have asked for.
pub const EMPTY_DOCUMENTS: usize = 1024;

/// Milliseconds in which a connection must have said who it is.
pub const HANDSHAKE_MILLIS: u64 = 15_000;

/// Loads under way at once, so that a large collection does not flood the disk.
pub const LOADS: usize = 64;

/// Notices kept for a person; the oldest go first.
pub const NOTICES: usize = 100;

/// Entries that one Bloom filter of a sync message may announce.
pub const BLOOM_ENTRIES: u64 = 1_000_000;

/// Bits for each entry of a Bloom filter: the only value Automerge writes.
pub const BLOOM_BITS_PER_ENTRY: u64 = 10;

/// Probes of a Bloom filter: the only value Automerge writes.
pub const BLOOM_PROBES: u64 = 7;
