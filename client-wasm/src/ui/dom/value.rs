//! What an element takes as the value of an attribute, and as a child.

use leptos::prelude::*;
use web_sys::Element;

use super::El;

/// The value of an attribute.
pub(crate) enum Attr {
    /// The attribute is left out.
    None,
    /// A text written in the program.
    Static(&'static str),
    /// A text.
    Text(String),
}

impl Attr {
    pub(super) fn set(&self, element: &Element, name: &str) {
        let value = match self {
            Self::None => {
                drop(element.remove_attribute(name));
                return;
            }
            Self::Static(text) => text,
            Self::Text(text) => text.as_str(),
        };
        // Names are written in the program.
        drop(element.set_attribute(name, value));
    }
}

impl From<&'static str> for Attr {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<String> for Attr {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Attr {
    fn from(on: bool) -> Self {
        if on { Self::Static("") } else { Self::None }
    }
}

impl<T: Into<Self>> From<Option<T>> for Attr {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

/// Something that goes into an element.
pub(crate) trait Child {
    /// Adds it at the end.
    fn add_to(self, parent: &mut El);
}

impl Child for El {
    fn add_to(self, parent: &mut El) {
        parent.add_element(self);
    }
}

impl Child for AnyView {
    fn add_to(self, parent: &mut El) {
        parent.add_view(self);
    }
}

impl Child for &str {
    fn add_to(self, parent: &mut El) {
        parent.add_text(self);
    }
}

impl Child for String {
    fn add_to(self, parent: &mut El) {
        parent.add_text(&self);
    }
}

impl Child for Memo<String> {
    fn add_to(self, parent: &mut El) {
        parent.add_view(crate::ui::live::live(move || self.get()));
    }
}

impl<T: Child> Child for Option<T> {
    fn add_to(self, parent: &mut El) {
        if let Some(child) = self {
            child.add_to(parent);
        }
    }
}

impl<T: Child> Child for Vec<T> {
    fn add_to(self, parent: &mut El) {
        for child in self {
            child.add_to(parent);
        }
    }
}
