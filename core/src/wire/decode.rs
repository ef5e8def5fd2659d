//! Bytes to frames. Total: every input gives a frame or an error, and no memory is taken on a
//! sender's word.

use minicbor::Decoder;
use minicbor::data::Type;

use crate::id::{DocumentId, PeerId, StorageId};
use crate::wire::exchange::{self, Exchange};
use crate::wire::frame::{Frame, PeerMetadata, Reason, Route};
use crate::wire::limits::{NAME_CHARS, SENTENCE_CHARS, VERSIONS};

/// Bytes that are no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not CBOR, cut off, or with bytes after its end.
    #[error("not a CBOR map: {0}")]
    Malformed(String),
    /// A field that this type of frame must have is missing or of the wrong type.
    #[error("a frame of type {kind:?} needs a valid {field}")]
    Field {
        /// Type of the frame.
        kind: String,
        /// The field.
        field: &'static str,
    },
    /// More content than a frame may have.
    #[error("the frame has more content than is allowed")]
    TooLarge,
    /// A name longer than any in use.
    #[error("{0} is longer than {NAME_CHARS} characters")]
    TooLong(&'static str),
}

impl From<minicbor::decode::Error> for DecodeError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// All fields that occur in frames, as far as they are of a usable type.
#[derive(Default)]
struct Fields<'b> {
    kind: Option<&'b str>,
    sender: Option<&'b str>,
    target: Option<&'b str>,
    metadata: Option<PeerMetadata>,
    versions: Option<Vec<String>>,
    version: Option<&'b str>,
    document: Option<DocumentId>,
    data: Option<&'b [u8]>,
    deflated: Option<&'b [u8]>,
    root: Option<&'b [u8]>,
    seq: Option<u64>,
    left: Option<u64>,
    count: Option<u64>,
    session: Option<&'b str>,
    code: Option<&'b str>,
    message: Option<&'b str>,
}

impl Frame {
    /// Reads one frame.
    ///
    /// # Errors
    /// If the bytes are not exactly one CBOR map, or a field that the frame's type needs is
    /// missing. A type this version does not know is no error: it gives [`Frame::Other`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Decoder::new(bytes);
        let fields = Fields::read(&mut input)?;
        if input.position() != bytes.len() {
            return Err(DecodeError::Malformed(
                "bytes after the end of the map".to_owned(),
            ));
        }
        fields.into_frame()
    }
}

impl<'b> Fields<'b> {
    fn read(input: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let mut fields = Self::default();
        each_entry(input, |key, input| {
            match key {
                "type" => fields.kind = text(input)?,
                "senderId" => fields.sender = text(input)?,
                "targetId" => fields.target = text(input)?,
                // The protocol's text says `metadata`; all implementations write `peerMetadata`.
                "peerMetadata" | "metadata" => fields.metadata = metadata(input)?,
                "supportedProtocolVersions" => fields.versions = texts(input)?,
                "selectedProtocolVersion" => fields.version = text(input)?,
                "documentId" => fields.document = document(input)?,
                "data" => fields.data = byte_string(input)?,
                "deflated" => fields.deflated = byte_string(input)?,
                "root" => fields.root = byte_string(input)?,
                "seq" => fields.seq = number(input)?,
                "left" => fields.left = number(input)?,
                "count" => fields.count = number(input)?,
                "sessionId" => fields.session = text(input)?,
                "code" => fields.code = text(input)?,
                "message" => fields.message = text(input)?,
                _ => input.skip()?,
            }
            Ok(())
        })?;
        Ok(fields)
    }

    fn into_frame(self) -> Result<Frame, DecodeError> {
        let kind = name("type", self.kind)?.ok_or(DecodeError::Field {
            kind: String::new(),
            field: "type",
        })?;
        let missing = |field| DecodeError::Field {
            kind: kind.clone(),
            field,
        };
        let sender = || {
            Ok::<_, DecodeError>(PeerId(
                name("senderId", self.sender)?.ok_or(missing("senderId"))?,
            ))
        };
        let target = || {
            Ok::<_, DecodeError>(PeerId(
                name("targetId", self.target)?.ok_or(missing("targetId"))?,
            ))
        };
        let route = || {
            Ok::<_, DecodeError>(Route {
                sender: sender()?,
                target: target()?,
            })
        };
        let document = || self.document.ok_or(missing("documentId"));
        let data = || {
            // Both ends of the protocol treat a zero-length message as an error.
            self.data
                .filter(|d| !d.is_empty())
                .map(<[u8]>::to_vec)
                .ok_or(missing("data"))
        };
        let reason = || {
            Ok::<_, DecodeError>(Reason {
                code: name("code", self.code)?.ok_or(missing("code"))?,
                message: sentence(self.message),
            })
        };
        Ok(match kind.as_str() {
            "join" => Frame::Join {
                sender: sender()?,
                metadata: self.metadata.clone().unwrap_or_default(),
                versions: self.versions.clone().unwrap_or_default(),
            },
            "peer" => Frame::Peer {
                sender: sender()?,
                target: target()?,
                metadata: self.metadata.clone().unwrap_or_default(),
                version: name("selectedProtocolVersion", self.version)?
                    .ok_or(missing("selectedProtocolVersion"))?,
            },
            "leave" => Frame::Leave { sender: sender()? },
            "sync" | "request" => Frame::Sync {
                route: route()?,
                document: document()?,
                request: kind == "request",
                data: data()?,
            },
            "doc-unavailable" => Frame::Unavailable {
                route: route()?,
                document: document()?,
                refusal: if self.code.is_some() {
                    Some(reason()?)
                } else {
                    None
                },
            },
            "ephemeral" => Frame::Ephemeral {
                route: route()?,
                document: document()?,
                count: self.count.ok_or(missing("count"))?,
                session: name("sessionId", self.session)?.ok_or(missing("sessionId"))?,
                data: data()?,
            },
            // Some implementations leave the route of an error out.
            "error" => Frame::Error {
                route: Route {
                    sender: PeerId(name("senderId", self.sender)?.unwrap_or_default()),
                    target: PeerId(name("targetId", self.target)?.unwrap_or_default()),
                },
                code: name("code", self.code)?,
                message: sentence(self.message),
            },
            "meltemi-notice" => Frame::Notice {
                route: route()?,
                document: self.document,
                reason: reason()?,
            },
            "meltemi-hello" => Frame::Hello {
                seq: self.seq.ok_or(missing("seq"))?,
                root: self
                    .root
                    .and_then(|root| root.try_into().ok())
                    .ok_or(missing("root"))?,
                count: self.count.ok_or(missing("count"))?,
            },
            "meltemi-exchange" => Frame::Exchange(match (self.deflated, self.data) {
                (Some(deflated), _) => Exchange::decode(&exchange::inflate(deflated)?)?,
                (None, Some(body)) => Exchange::decode(body)?,
                (None, None) => return Err(missing("data")),
            }),
            "meltemi-repair" => Frame::Repair { data: data()? },
            "meltemi-lookup" => Frame::Lookup {
                items: match self.data.map(<[u8]>::as_chunks) {
                    Some((items, [])) => items.to_vec(),
                    _ => return Err(missing("data")),
                },
            },
            "meltemi-ping" => Frame::Ping,
            "meltemi-pong" => Frame::Pong,
            "meltemi-part" => Frame::Part {
                left: self.left.ok_or(missing("left"))?,
                data: data()?,
            },
            _ => Frame::Other { kind },
        })
    }
}

/// Calls `entry` with every key of the map that follows; `entry` must consume the value.
pub(crate) fn each_entry<'b>(
    input: &mut Decoder<'b>,
    mut entry: impl FnMut(&'b str, &mut Decoder<'b>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut left = input.map()?;
    loop {
        match &mut left {
            Some(0) => return Ok(()),
            Some(count) => *count -= 1,
            None if input.datatype()? == Type::Break => {
                input.skip()?;
                return Ok(());
            }
            None => {}
        }
        if input.datatype()? == Type::String {
            let key = input.str()?;
            entry(key, input)?;
        } else {
            input.skip()?;
            input.skip()?;
        }
    }
}

/// A text, or nothing where another type stands (JavaScript writes `undefined`).
fn text<'b>(input: &mut Decoder<'b>) -> Result<Option<&'b str>, DecodeError> {
    if input.datatype()? == Type::String {
        return Ok(Some(input.str()?));
    }
    input.skip()?;
    Ok(None)
}

fn texts(input: &mut Decoder<'_>) -> Result<Option<Vec<String>>, DecodeError> {
    if input.datatype()? != Type::Array {
        input.skip()?;
        return Ok(None);
    }
    let count = input.array()?.unwrap_or(0);
    if count > VERSIONS {
        return Err(DecodeError::Malformed(format!(
            "a list of {count} protocol versions"
        )));
    }
    let mut texts = Vec::new();
    for _ in 0..count {
        texts.extend(name("supportedProtocolVersions", text(input)?)?);
    }
    Ok(Some(texts))
}

fn byte_string<'b>(input: &mut Decoder<'b>) -> Result<Option<&'b [u8]>, DecodeError> {
    // A typed array of cbor-x has a tag (64) in front of the bytes.
    if input.datatype()? == Type::Tag {
        input.tag()?;
    }
    if input.datatype()? == Type::Bytes {
        return Ok(Some(input.bytes()?));
    }
    input.skip()?;
    Ok(None)
}

fn document(input: &mut Decoder<'_>) -> Result<Option<DocumentId>, DecodeError> {
    match input.datatype()? {
        Type::String => Ok(input.str()?.parse().ok()),
        Type::Bytes => Ok(input.bytes()?.try_into().ok().map(DocumentId::from_bytes)),
        _ => {
            input.skip()?;
            Ok(None)
        }
    }
}

/// A whole number, which JavaScript may write as a floating point number.
fn number(input: &mut Decoder<'_>) -> Result<Option<u64>, DecodeError> {
    Ok(match input.datatype()? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Some(input.u64()?),
        Type::F16 | Type::F32 | Type::F64 => {
            let float = input.f64()?;
            ((0.0..=9_007_199_254_740_992.0).contains(&float) && float.fract() == 0.0)
                .then_some(float as u64)
        }
        _ => {
            input.skip()?;
            None
        }
    })
}

fn metadata(input: &mut Decoder<'_>) -> Result<Option<PeerMetadata>, DecodeError> {
    if !matches!(input.datatype()?, Type::Map | Type::MapIndef) {
        input.skip()?;
        return Ok(None);
    }
    let mut metadata = PeerMetadata::default();
    each_entry(input, |key, input| {
        match key {
            "storageId" => metadata.storage = name("storageId", text(input)?)?.map(StorageId),
            "isEphemeral" if input.datatype()? == Type::Bool => {
                metadata.ephemeral = input.bool()?
            }
            "meltemi" => metadata.meltemi = number(input)?.unwrap_or(0),
            _ => input.skip()?,
        }
        Ok(())
    })?;
    Ok(Some(metadata))
}

fn name(field: &'static str, text: Option<&str>) -> Result<Option<String>, DecodeError> {
    match text {
        Some(text) if text.len() > NAME_CHARS => Err(DecodeError::TooLong(field)),
        other => Ok(other.map(str::to_owned)),
    }
}

fn sentence(text: Option<&str>) -> String {
    text.unwrap_or_default()
        .chars()
        .take(SENTENCE_CHARS)
        .collect()
}
