//! The commands on accounts, for whoever runs the server: what each is called with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use meltemi_core::access::Role;
use meltemi_core::id::RecordRef;

use crate::storage::place::StorageKind;

/// Where accounts are, and how they are shown.
#[derive(Debug, Clone, Args)]
pub struct AccountsOptions {
    /// The folder that keeps all documents and accounts. No server may be using it.
    #[arg(long, env = "MELTEMI_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// Writes JSON for programs instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// What can be done to members.
#[derive(Debug, Clone, Subcommand)]
pub enum UserCommand {
    /// All members with their roles.
    List(AccountsOptions),
    /// Give a member a role in a programme.
    Grant(RoleOptions),
    /// Take a role in a programme from a member.
    Revoke(RoleOptions),
    /// Take all access from a member: sessions, devices and tokens.
    Deactivate(UserOptions),
    /// Let a member sign in again.
    Activate(UserOptions),
}

/// A member.
#[derive(Debug, Clone, Args)]
pub struct UserOptions {
    /// Id of the member (`m-…`).
    pub member: String,
    /// Where accounts are.
    #[command(flatten)]
    pub accounts: AccountsOptions,
}

/// A member's role.
#[derive(Debug, Clone, Args)]
pub struct RoleOptions {
    /// Id of the member (`m-…`).
    pub member: String,
    /// Key of the programme, or `*` for all.
    pub programme: String,
    /// coordinator, partner_editor, city_officer, facilitator, evaluator or reader.
    #[arg(value_parser = role)]
    pub role: Role,
    /// Where accounts are.
    #[command(flatten)]
    pub accounts: AccountsOptions,
}

/// What can be done to invitations.
#[derive(Debug, Clone, Subcommand)]
pub enum InviteCommand {
    /// Make an invitation and print its link, this once.
    Create(InviteOptions),
    /// Invitations that can still be used.
    List(AccountsOptions),
    /// Take an invitation back.
    Revoke(IdOptions),
}

/// An invitation to be made.
#[derive(Debug, Clone, Args)]
pub struct InviteOptions {
    /// Key of the programme, or `*` for all.
    pub programme: String,
    /// coordinator, partner_editor, city_officer, facilitator, evaluator or reader.
    #[arg(value_parser = role)]
    pub role: Role,
    /// Record of the organisation or city, such as `city/tangier`.
    #[arg(long, value_name = "RECORD")]
    pub body: Option<RecordRef>,
    /// Language of the page that the link opens.
    #[arg(long, default_value = "en", value_name = "TAG")]
    pub language: String,
    /// Days for which it can be used.
    #[arg(long, default_value_t = 14, value_name = "DAYS")]
    pub days: u32,
    /// The address at which people reach the server.
    #[arg(
        long,
        env = "MELTEMI_PUBLIC_URL",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    pub public_url: String,
    /// Where accounts are.
    #[command(flatten)]
    pub accounts: AccountsOptions,
}

/// Something with an id.
#[derive(Debug, Clone, Args)]
pub struct IdOptions {
    /// Its id, as listed.
    pub id: String,
    /// Where accounts are.
    #[command(flatten)]
    pub accounts: AccountsOptions,
}

/// What can be done to tokens.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Make a token for a program of a member and print it, this once.
    Create(TokenOptions),
    /// All tokens.
    List(AccountsOptions),
    /// Take a token back.
    Revoke(IdOptions),
}

/// A token to be made.
#[derive(Debug, Clone, Args)]
pub struct TokenOptions {
    /// Id of the member (`m-…`).
    pub member: String,
    /// Name to know it by.
    pub name: String,
    /// What it is for: sync, read, metrics; separated by commas.
    #[arg(long, value_delimiter = ',', required = true, value_name = "SCOPES")]
    pub scope: Vec<String>,
    /// Days for which it can be used.
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    pub days: u32,
    /// Where accounts are.
    #[command(flatten)]
    pub accounts: AccountsOptions,
}

/// What can be done to devices.
#[derive(Debug, Clone, Subcommand)]
pub enum DeviceCommand {
    /// All devices.
    List(AccountsOptions),
    /// Take a device's access away.
    Revoke(IdOptions),
}

/// What can be done with the audit log.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Check that no entry was changed or removed.
    Verify(AccountsOptions),
    /// Write all entries, one JSON object a line, as they are stored.
    Export(AccountsOptions),
}

/// What can be done with changes that were refused because of who sent them.
#[derive(Debug, Clone, Subcommand)]
pub enum QuarantineCommand {
    /// All of them, with what became of them.
    List(AccountsOptions),
    /// What one entry would change, place by place.
    Show(ShowOptions),
    /// Take the changes of an entry as they are.
    Accept(AcceptOptions),
    /// Decide not to take them. They can still be accepted later.
    Refuse(DecisionOptions),
}

/// An entry to be shown.
#[derive(Debug, Clone, Args)]
pub struct ShowOptions {
    /// Which one.
    #[command(flatten)]
    pub entry: IdOptions,
    /// Where its record is.
    #[command(flatten)]
    pub place: StorageOptions,
}

/// An entry to be accepted.
#[derive(Debug, Clone, Args)]
pub struct AcceptOptions {
    /// Which one, and what is said.
    #[command(flatten)]
    pub decision: DecisionOptions,
    /// Where its record is.
    #[command(flatten)]
    pub place: StorageOptions,
}

/// An entry on which is decided.
#[derive(Debug, Clone, Args)]
pub struct DecisionOptions {
    /// Which one.
    #[command(flatten)]
    pub entry: IdOptions,
    /// A word to the sender.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// Where documents are kept.
#[derive(Debug, Clone, Args)]
pub struct StorageOptions {
    /// Which database keeps the documents. A data folder stays with the one it was made with.
    #[arg(
        long,
        env = "MELTEMI_STORAGE",
        default_value = "sled",
        value_name = "DATABASE"
    )]
    pub storage: StorageKind,
}

fn role(word: &str) -> Result<Role, String> {
    Role::of_word(word).ok_or_else(|| {
        let words = Role::ALL.map(Role::word);
        format!("there is no such role; there are {}", words.join(", "))
    })
}
