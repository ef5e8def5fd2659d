//! `meltemi user`, `invite`, `token`, `device` and `audit`: accounts of a data folder that no
//! server uses. Names and addresses of people are printed, for whoever runs the server.

use std::io::Write;
use std::process::ExitCode;

use meltemi_core::access::Membership;
use meltemi_core::sensitive::Sensitive;
use serde::Serialize;
use serde_json::{Value, json};

use super::{CliError, say};
use crate::accounts::device::Device;
use crate::accounts::invitation::{Invitation, NewInvitation};
use crate::accounts::member::{Member, MemberPatch};
use crate::accounts::token::{NewToken, Scope, Token};
use crate::accounts::{Accounts, AccountsError, By};
use crate::clock;
use crate::config::accounts::{
    AccountsOptions, AuditCommand, DeviceCommand, InviteCommand, RoleOptions, TokenCommand,
    UserCommand, UserOptions,
};
use crate::http::payload::{date, days};
use crate::lock::DataFolder;

/// The accounts of a data folder, claimed.
pub(super) struct Claimed {
    pub(super) accounts: Accounts,
    pub(super) json: bool,
    pub(super) folder: DataFolder,
}

impl Claimed {
    pub(super) fn open(options: &AccountsOptions) -> Result<Self, CliError> {
        let folder = DataFolder::claim_existing(&options.data)?;
        Ok(Self {
            accounts: Accounts::open(&folder)?,
            json: options.json,
            folder,
        })
    }

    /// Shows a list: as JSON, or as a table under these headings.
    pub(super) fn show<const N: usize>(
        &self,
        out: &mut dyn Write,
        headings: [&str; N],
        rows: &[[String; N]],
    ) -> Result<ExitCode, CliError> {
        if self.json {
            let object = |row: &[String; N]| -> Value {
                let pairs = headings.iter().zip(row);
                pairs.map(|(k, v)| (k.to_string(), json!(v))).collect()
            };
            let objects: Vec<Value> = rows.iter().map(object).collect();
            say_json(out, &objects)?;
            return Ok(ExitCode::SUCCESS);
        }
        let all = || std::iter::once(headings).chain(rows.iter().map(texts));
        let mut widths = [0; N];
        for row in all() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in all() {
            let cells = row.iter().zip(widths);
            let cells: Vec<String> = cells.map(|(cell, w)| format!("{cell:<w$}")).collect();
            say(out, cells.join("  ").trim_end())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn texts<const N: usize>(row: &[String; N]) -> [&str; N] {
    std::array::from_fn(|at| row[at].as_str())
}

pub(super) fn say_json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), CliError> {
    // Texts and lists of them: cannot fail.
    say(
        out,
        &serde_json::to_string_pretty(value).unwrap_or_default(),
    )
}

pub(super) fn done(out: &mut dyn Write, what: &str) -> Result<ExitCode, CliError> {
    say(out, what)?;
    Ok(ExitCode::SUCCESS)
}

/// Members.
pub(super) fn user(command: &UserCommand, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    match command {
        UserCommand::List(options) => {
            let claimed = Claimed::open(options)?;
            let members = claimed.accounts.members_seen_by(None)?;
            let rows: Vec<_> = members.iter().map(member_row).collect();
            let headings = ["id", "name", "email", "body", "roles", "active", "joined"];
            claimed.show(out, headings, &rows)
        }
        UserCommand::Grant(options) => roles(options, out, |roles, role| roles.push(role)),
        UserCommand::Revoke(options) => roles(options, out, |roles, role| {
            roles.retain(|known| *known != role)
        }),
        UserCommand::Deactivate(options) => activate(options, false, out),
        UserCommand::Activate(options) => activate(options, true, out),
    }
}

fn member_row(member: &Member) -> [String; 7] {
    [
        member.id.clone(),
        member.name.expose().clone(),
        member.email.expose().clone(),
        member
            .body
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        member
            .memberships
            .iter()
            .map(role_text)
            .collect::<Vec<_>>()
            .join(", "),
        if member.active { "yes" } else { "no" }.to_owned(),
        clock::iso(member.created),
    ]
}

fn role_text(membership: &Membership) -> String {
    format!("{}:{}", membership.programme, membership.role.word())
}

fn roles(
    options: &RoleOptions,
    out: &mut dyn Write,
    change: impl FnOnce(&mut Vec<Membership>, Membership),
) -> Result<ExitCode, CliError> {
    let claimed = Claimed::open(&options.accounts)?;
    let mut memberships = claimed
        .accounts
        .member_seen_by(None, &options.member)?
        .memberships;
    let membership = Membership {
        programme: options.programme.clone(),
        role: options.role,
    };
    change(&mut memberships, membership);
    let patch = MemberPatch {
        memberships: Some(memberships),
        ..MemberPatch::default()
    };
    apply(&claimed, &options.member, &patch, out)
}

fn activate(
    options: &UserOptions,
    active: bool,
    out: &mut dyn Write,
) -> Result<ExitCode, CliError> {
    let claimed = Claimed::open(&options.accounts)?;
    let patch = MemberPatch {
        active: Some(active),
        ..MemberPatch::default()
    };
    apply(&claimed, &options.member, &patch, out)
}

fn apply(
    claimed: &Claimed,
    member: &str,
    patch: &MemberPatch,
    out: &mut dyn Write,
) -> Result<ExitCode, CliError> {
    let by = By::command_line();
    let (member, _) = claimed.accounts.change_member(None, member, patch, &by)?;
    let headings = ["id", "name", "email", "body", "roles", "active", "joined"];
    claimed.show(out, headings, &[member_row(&member)])
}

/// Invitations.
pub(super) fn invite(command: &InviteCommand, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let by = By::command_line();
    match command {
        InviteCommand::Create(options) => {
            let claimed = Claimed::open(&options.accounts)?;
            let new = NewInvitation {
                membership: Membership {
                    programme: options.programme.clone(),
                    role: options.role,
                },
                body: options.body.clone(),
                language: options.language.clone(),
                lasts: days(Some(options.days)),
            };
            let (invitation, secret) = claimed.accounts.invite(None, &new, &by)?;
            let url = options.public_url.trim_end_matches('/');
            let link = format!("{url}/#/join/{}", secret.expose());
            if claimed.json {
                let ends = clock::iso(invitation.expires);
                say_json(
                    out,
                    &json!({ "id": invitation.id, "link": link, "ends": ends }),
                )?;
                return Ok(ExitCode::SUCCESS);
            }
            done(out, &link)
        }
        InviteCommand::List(options) => {
            let claimed = Claimed::open(options)?;
            let invitations = claimed.accounts.invitations(None, by.now)?;
            let rows: Vec<_> = invitations.iter().map(invitation_row).collect();
            claimed.show(out, ["id", "role", "body", "invited_by", "ends"], &rows)
        }
        InviteCommand::Revoke(options) => {
            let claimed = Claimed::open(&options.accounts)?;
            claimed.accounts.withdraw(None, &options.id, &by)?;
            done(out, "taken back")
        }
    }
}

fn invitation_row(invitation: &Invitation) -> [String; 5] {
    [
        invitation.id.clone(),
        role_text(&invitation.membership),
        invitation
            .body
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        invitation.invited_by.clone().unwrap_or_default(),
        clock::iso(invitation.expires),
    ]
}

/// Tokens.
pub(super) fn token(command: &TokenCommand, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let by = By::command_line();
    match command {
        TokenCommand::Create(options) => {
            let claimed = Claimed::open(&options.accounts)?;
            let scopes = options.scope.iter().map(|word| Scope::of_word(word));
            let new = NewToken {
                name: Sensitive::new(options.name.clone()),
                scopes: scopes.collect::<Result<_, _>>()?,
                lasts: days(Some(options.days)),
            };
            let (token, secret) = claimed.accounts.make_token(&options.member, &new, &by)?;
            if claimed.json {
                let ends = clock::iso(token.expires);
                say_json(
                    out,
                    &json!({ "id": token.id, "token": secret.expose(), "ends": ends }),
                )?;
                return Ok(ExitCode::SUCCESS);
            }
            done(out, secret.expose())
        }
        TokenCommand::List(options) => {
            let claimed = Claimed::open(options)?;
            let tokens = claimed.accounts.tokens(None)?;
            let rows: Vec<_> = tokens.iter().map(token_row).collect();
            let headings = ["id", "member", "name", "scopes", "seen", "ends"];
            claimed.show(out, headings, &rows)
        }
        TokenCommand::Revoke(options) => {
            let claimed = Claimed::open(&options.accounts)?;
            claimed.accounts.revoke_token(None, &options.id, &by)?;
            done(out, "taken back")
        }
    }
}

fn token_row(token: &Token) -> [String; 6] {
    [
        token.id.clone(),
        token.member.clone(),
        token.name.expose().clone(),
        token
            .scopes
            .iter()
            .map(|scope| scope.word())
            .collect::<Vec<_>>()
            .join(","),
        token.seen.map(date).unwrap_or_default(),
        clock::iso(token.expires),
    ]
}

/// Devices.
pub(super) fn device(command: &DeviceCommand, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    match command {
        DeviceCommand::List(options) => {
            let claimed = Claimed::open(options)?;
            let devices = claimed.accounts.devices(None)?;
            let rows: Vec<_> = devices.iter().map(device_row).collect();
            claimed.show(out, ["id", "member", "name", "seen", "revoked"], &rows)
        }
        DeviceCommand::Revoke(options) => {
            let claimed = Claimed::open(&options.accounts)?;
            let by = By::command_line();
            claimed.accounts.revoke_device(None, &options.id, &by)?;
            done(out, "revoked")
        }
    }
}

fn device_row(device: &Device) -> [String; 5] {
    [
        device.id.clone(),
        device.member.clone(),
        device.name.expose().clone(),
        date(device.seen),
        device.revoked.map(clock::iso).unwrap_or_default(),
    ]
}

/// The audit log.
pub(super) fn audit(command: &AuditCommand, out: &mut dyn Write) -> Result<ExitCode, CliError> {
    let (AuditCommand::Verify(options) | AuditCommand::Export(options)) = command;
    let claimed = Claimed::open(options)?;
    let export = matches!(command, AuditCommand::Export(_));
    let (head, problems) = claimed.accounts.walk_audit(|entry| {
        if export {
            out.write_all(entry)
                .and_then(|()| out.write_all(b"\n"))
                .map_err(AccountsError::Output)?;
        }
        Ok(())
    })?;
    if !export && claimed.json {
        say_json(
            out,
            &json!({ "entries": head.seq, "newest": head.hash, "problems": problems }),
        )?;
    } else if !export {
        for problem in &problems {
            say(out, &format!("problem: {problem}"))?;
        }
        let (count, entries) = (problems.len(), head.seq);
        say(
            out,
            &format!(
                "checked {entries} entries up to {}: {count} problems",
                head.hash
            ),
        )?;
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
