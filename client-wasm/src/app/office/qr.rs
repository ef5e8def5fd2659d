//! A link as a QR code: dark squares as the outline of a picture.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light squares around the code, as readers need them.
const MARGIN: i32 = 4;

/// A QR code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Squares on each side, the light margin included.
    pub side: i32,
    /// The dark squares, as the `d` of a path.
    pub path: String,
}

/// The code for a text; none when it is too long for one.
pub fn code(text: &str) -> Option<Code> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let dark = (x..code.size()).take_while(|x| code.get_module(*x, y));
            let run = i32::try_from(dark.count()).ok()?;
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", x + MARGIN, y + MARGIN));
            }
            x += run.max(1);
        }
    }
    Some(Code {
        side: code.size() + 2 * MARGIN,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_fits_and_what_is_too_long_is_none() {
        let link = format!("https://mel.example/#/join/mli_{}", "a".repeat(43));
        let code = code(&link).expect("a code");
        // The mark in the corner begins every code: seven dark squares.
        assert!(code.path.starts_with("M4 4h7v1h-7z"));
        assert!(code.side > 40 && code.side < 60, "{}", code.side);
        assert_eq!(super::code(&"a".repeat(5000)), None);
    }
}
