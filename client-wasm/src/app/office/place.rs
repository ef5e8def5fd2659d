//! Which screen of administration an address shows: the part behind `#`.

/// A screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Members and their roles.
    Members,
    /// Invitations.
    Invitations,
    /// What was done, by whom.
    Audit,
    /// One's own devices.
    Devices,
    /// One's own passkeys.
    Passkeys,
    /// One's own access tokens.
    Tokens,
    /// One's own password and recovery codes.
    Password,
    /// One's own name and language.
    Details,
}

impl Place {
    /// All screens, in the order of the navigation.
    pub const ALL: [Self; 8] = [
        Self::Members,
        Self::Invitations,
        Self::Audit,
        Self::Devices,
        Self::Passkeys,
        Self::Tokens,
        Self::Password,
        Self::Details,
    ];

    /// The word in the address, and in the keys of texts.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Invitations => "invitations",
            Self::Audit => "audit",
            Self::Devices => "devices",
            Self::Passkeys => "passkeys",
            Self::Tokens => "tokens",
            Self::Password => "password",
            Self::Details => "details",
        }
    }

    /// Whether only coordinators have it.
    pub const fn is_for_coordinators(self) -> bool {
        matches!(self, Self::Members | Self::Invitations | Self::Audit)
    }

    /// The screen of an address for somebody who has all of them, or not.
    pub fn of(fragment: &str, is_coordinator: bool) -> Self {
        let word = fragment.trim_start_matches('#');
        let word = word.split('?').next().unwrap_or_default();
        let may = |place: &Self| is_coordinator || !place.is_for_coordinators();
        let mut all = Self::ALL.into_iter().filter(may);
        let asked = Self::ALL.into_iter().find(|place| place.word() == word);
        match asked {
            Some(place) if may(&place) => place,
            _ => all.next().unwrap_or(Self::Devices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_gets_a_screen_they_may_see() {
        assert_eq!(Place::of("", true), Place::Members);
        assert_eq!(Place::of("#audit", true), Place::Audit);
        assert_eq!(Place::of("#audit", false), Place::Devices);
        assert_eq!(Place::of("#password", false), Place::Password);
        assert_eq!(Place::of("#password?linked", true), Place::Password);
        assert_eq!(Place::of("#never", false), Place::Devices);
    }
}
