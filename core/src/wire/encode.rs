//! Frames to bytes.

use std::convert::Infallible;

use minicbor::Encoder;

use crate::id::DocumentId;
use crate::wire::frame::{Frame, PeerMetadata, Reason, Route};
use crate::wire::limits::PART_BYTES;

type Encoded = Result<(), minicbor::encode::Error<Infallible>>;

impl Frame {
    /// The bytes of this frame.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(Vec::new());
        self.write(&mut out)
            .expect("writing to a vector does not fail");
        out.into_writer()
    }

    /// The bytes of this frame for a Meltemi peer: in parts when it is long.
    pub fn encode_parts(&self) -> Vec<Vec<u8>> {
        let bytes = self.encode();
        // A part is a frame itself, with a few bytes around its data.
        if bytes.len() <= PART_BYTES {
            return vec![bytes];
        }
        let parts = bytes.chunks(PART_BYTES - 64);
        let count = parts.len() as u64;
        parts
            .zip((0..count).rev())
            .map(|(data, left)| {
                let data = data.to_vec();
                Self::Part { left, data }.encode()
            })
            .collect()
    }

    fn write(&self, out: &mut Encoder<Vec<u8>>) -> Encoded {
        match self {
            Self::Join {
                sender,
                metadata,
                versions,
            } => {
                head(out, 4, "join", &sender.0)?;
                out.str("peerMetadata")?;
                write_metadata(out, metadata)?;
                out.str("supportedProtocolVersions")?
                    .array(versions.len() as u64)?;
                for version in versions {
                    out.str(version)?;
                }
            }
            Self::Peer {
                sender,
                target,
                metadata,
                version,
            } => {
                head(out, 5, "peer", &sender.0)?;
                out.str("targetId")?.str(&target.0)?;
                out.str("peerMetadata")?;
                write_metadata(out, metadata)?;
                out.str("selectedProtocolVersion")?.str(version)?;
            }
            Self::Leave { sender } => head(out, 2, "leave", &sender.0)?,
            Self::Sync {
                route,
                document,
                request,
                data,
            } => {
                routed(out, 5, if *request { "request" } else { "sync" }, route)?;
                write_document(out, document)?;
                out.str("data")?.bytes(data)?;
            }
            Self::Unavailable {
                route,
                document,
                refusal,
            } => {
                let extra = if refusal.is_some() { 2 } else { 0 };
                routed(out, 4 + extra, "doc-unavailable", route)?;
                write_document(out, document)?;
                if let Some(reason) = refusal {
                    write_reason(out, reason)?;
                }
            }
            Self::Ephemeral {
                route,
                document,
                count,
                session,
                data,
            } => {
                routed(out, 7, "ephemeral", route)?;
                write_document(out, document)?;
                out.str("count")?.u64(*count)?;
                out.str("sessionId")?.str(session)?;
                out.str("data")?.bytes(data)?;
            }
            Self::Error {
                route,
                code,
                message,
            } => {
                routed(out, 4 + u64::from(code.is_some()), "error", route)?;
                if let Some(code) = code {
                    out.str("code")?.str(code)?;
                }
                out.str("message")?.str(message)?;
            }
            Self::Notice {
                route,
                document,
                reason,
            } => {
                routed(
                    out,
                    5 + u64::from(document.is_some()),
                    "meltemi-notice",
                    route,
                )?;
                if let Some(document) = document {
                    write_document(out, document)?;
                }
                write_reason(out, reason)?;
            }
            Self::Hello { seq, root, count } => {
                kind(out, 4, "meltemi-hello")?;
                out.str("seq")?.u64(*seq)?;
                out.str("root")?.bytes(root)?;
                out.str("count")?.u64(*count)?;
            }
            Self::Exchange(exchange) => {
                let (body, deflated) = exchange.encode();
                kind(out, 2, "meltemi-exchange")?;
                out.str(if deflated { "deflated" } else { "data" })?;
                out.bytes(&body)?;
            }
            Self::Repair { data } => {
                kind(out, 2, "meltemi-repair")?;
                out.str("data")?.bytes(data)?;
            }
            Self::Lookup { items } => {
                kind(out, 2, "meltemi-lookup")?;
                out.str("data")?.bytes(items.as_flattened())?;
            }
            Self::Ping => kind(out, 1, "meltemi-ping")?,
            Self::Pong => kind(out, 1, "meltemi-pong")?,
            Self::Part { left, data } => {
                kind(out, 3, "meltemi-part")?;
                out.str("left")?.u64(*left)?;
                out.str("data")?.bytes(data)?;
            }
            Self::Other { kind } => {
                out.map(1)?.str("type")?.str(kind)?;
            }
        }
        Ok(())
    }
}

fn kind(out: &mut Encoder<Vec<u8>>, entries: u64, kind: &str) -> Encoded {
    out.map(entries)?.str("type")?.str(kind)?;
    Ok(())
}

fn head(out: &mut Encoder<Vec<u8>>, entries: u64, kind: &str, sender: &str) -> Encoded {
    out.map(entries)?
        .str("type")?
        .str(kind)?
        .str("senderId")?
        .str(sender)?;
    Ok(())
}

fn routed(out: &mut Encoder<Vec<u8>>, entries: u64, kind: &str, route: &Route) -> Encoded {
    head(out, entries, kind, &route.sender.0)?;
    out.str("targetId")?.str(&route.target.0)?;
    Ok(())
}

fn write_document(out: &mut Encoder<Vec<u8>>, document: &DocumentId) -> Encoded {
    out.str("documentId")?.str(&document.to_string())?;
    Ok(())
}

fn write_reason(out: &mut Encoder<Vec<u8>>, reason: &Reason) -> Encoded {
    out.str("code")?
        .str(&reason.code)?
        .str("message")?
        .str(&reason.message)?;
    Ok(())
}

fn write_metadata(out: &mut Encoder<Vec<u8>>, metadata: &PeerMetadata) -> Encoded {
    let entries = 1 + u64::from(metadata.storage.is_some()) + u64::from(metadata.meltemi > 0);
    out.map(entries)?;
    if let Some(storage) = &metadata.storage {
        out.str("storageId")?.str(&storage.0)?;
    }
    out.str("isEphemeral")?.bool(metadata.ephemeral)?;
    if metadata.meltemi > 0 {
        out.str("meltemi")?.u64(metadata.meltemi)?;
    }
    Ok(())
}
