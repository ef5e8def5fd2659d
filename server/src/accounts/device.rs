//! Devices: the browsers that members have signed in with, each with a name of its own.

use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::{By, Deed};
use super::database::{Change, Reading, Shelf};
use super::{Accounts, AccountsError, Ended, checked_name, day, fresh_id, note, session};
use crate::limits;

/// Devices, by id.
const DEVICES: Shelf<Device> = Shelf::new("devices");

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    /// `d-` and random digits.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) member: String,
    /// Name that its owner knows it by.
    pub(crate) name: Sensitive<String>,
    /// When it first signed in.
    pub(crate) created: Timestamp,
    /// Day on which it was seen last, counted from 1970.
    pub(crate) seen: u64,
    /// When its access was taken away.
    pub(crate) revoked: Option<Timestamp>,
}

/// Which device signs in.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeviceChoice {
    /// Its id from an earlier time.
    pub(crate) id: Option<String>,
    /// A name, for a new one.
    pub(crate) name: Option<Sensitive<String>>,
}

impl DeviceChoice {
    /// The name for a new one, or for what is made on it.
    pub(super) fn name(&self) -> Result<String, AccountsError> {
        let name = self.name.as_ref().map_or("", |name| name.expose());
        let name = if name.trim().is_empty() { "?" } else { name };
        checked_name("device_name", name)
    }
}

impl Accounts {
    /// Devices of a member, the one seen last first; of all members without one.
    pub(crate) fn devices(&self, member: Option<&str>) -> Result<Vec<Device>, AccountsError> {
        let mut devices = self.database.read(|view| view.all(&DEVICES))?;
        devices.retain(|device| member.is_none_or(|member| device.member == member));
        devices.sort_by_key(|device| std::cmp::Reverse((device.seen, device.created)));
        Ok(devices)
    }

    /// Names a device of a member.
    pub(crate) fn name_device(
        &self,
        member: &str,
        id: &str,
        name: &Sensitive<String>,
        by: &By,
    ) -> Result<Device, AccountsError> {
        self.database.change(|change| {
            let mut device = get(change, Some(member), id)?;
            device.name = checked_name("name", name.expose())?.into();
            change.put(&DEVICES, id.as_bytes(), &device)?;
            note(change, by, Deed::DeviceName, Some(id))?;
            Ok(device)
        })
    }

    /// Takes a device's access away; of any member without one.
    pub(crate) fn revoke_device(
        &self,
        member: Option<&str>,
        id: &str,
        by: &By,
    ) -> Result<Ended, AccountsError> {
        self.database.change(|change| {
            let mut device = get(change, member, id)?;
            device.revoked.get_or_insert(by.now);
            change.put(&DEVICES, id.as_bytes(), &device)?;
            session::end_of_device(change, id)?;
            note(change, by, Deed::DeviceRevoke, Some(id))?;
            Ok(Ended::Device(id.to_owned()))
        })
    }
}

/// A device, if it is this member's.
pub(super) fn get(
    reading: &impl Reading,
    member: Option<&str>,
    id: &str,
) -> Result<Device, AccountsError> {
    let device = reading.get(&DEVICES, id.as_bytes())?;
    device
        .filter(|device| member.is_none_or(|member| device.member == member))
        .ok_or(AccountsError::NoSuch("device"))
}

/// The device that signs in: one that is known and not revoked, or a new one. Says which devices
/// were forgotten for it.
pub(super) fn sign_in(
    change: &Change,
    member: &str,
    choice: &DeviceChoice,
    now: Timestamp,
) -> Result<(Device, Vec<String>), AccountsError> {
    let known = choice.id.as_deref();
    let known = known.and_then(|id| get(change, Some(member), id).ok());
    let mut forgotten = Vec::new();
    let device = match known.filter(|device| device.revoked.is_none()) {
        Some(device) => Device {
            seen: day(now),
            ..device
        },
        None => {
            forgotten = make_room(change, member)?;
            Device {
                id: fresh_id("d")?,
                member: member.to_owned(),
                name: choice.name()?.into(),
                created: now,
                seen: day(now),
                revoked: None,
            }
        }
    };
    change.put(&DEVICES, device.id.as_bytes(), &device)?;
    Ok((device, forgotten))
}

/// Forgets the devices of a member that were seen longest ago when there are too many.
fn make_room(change: &Change, member: &str) -> Result<Vec<String>, AccountsError> {
    let mut devices: Vec<Device> = change.all(&DEVICES)?;
    devices.retain(|device| device.member == member);
    devices.sort_by_key(|device| (device.revoked.is_none(), device.seen, device.created));
    let surplus = (devices.len() + 1).saturating_sub(limits::DEVICES);
    devices.truncate(surplus);
    for device in &devices {
        session::end_of_device(change, &device.id)?;
        change.remove(&DEVICES, device.id.as_bytes())?;
    }
    Ok(devices.into_iter().map(|device| device.id).collect())
}

/// Notes that a device was seen today.
pub(super) fn seen(change: &Change, id: &str, now: Timestamp) -> Result<(), AccountsError> {
    let mut device = get(change, None, id)?;
    device.seen = day(now);
    Ok(change.put(&DEVICES, id.as_bytes(), &device)?)
}

/// Takes the access of all devices of a member away.
pub(super) fn revoke_all(
    change: &Change,
    member: &str,
    now: Timestamp,
) -> Result<(), AccountsError> {
    for mut device in change.all(&DEVICES)? {
        if device.member == member {
            device.revoked.get_or_insert(now);
            change.put(&DEVICES, device.id.as_bytes(), &device)?;
        }
    }
    Ok(())
}
