//! Elements, built by calls: `el("p").attr("class", "hint").child(text)`.
//!
//! An [`El`] is a Leptos view like any other and goes where one goes. The `view!` macro makes a
//! type of its own of every piece of a screen, and the compiler a copy of the code around it for
//! each of these types; with one type for all elements the program is much smaller.

mod value;
mod view;

use std::any::Any;

use leptos::prelude::*;
use leptos::tachys::html::element::ElementType;
use leptos::tachys::html::node_ref::NodeRefContainer;
use leptos::tachys::view::{Mountable, Render};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, HtmlElement};

pub(crate) use self::value::{Attr, Child};

/// An element with its attributes, listeners and children.
pub(crate) struct El(Box<SendWrapper<Inner>>);

struct Inner {
    element: Element,
    /// What must live as long as the element: listeners, effects, the state of children.
    kept: Vec<Box<dyn Any>>,
}

/// An element.
#[inline(never)]
pub(crate) fn el(tag: &'static str) -> El {
    let element = document()
        .create_element(tag)
        .expect("tags are written in the program");
    El(Box::new(SendWrapper::new(Inner {
        element,
        kept: Vec::new(),
    })))
}

/// An element of a picture.
pub(crate) fn svg(tag: &'static str) -> El {
    let element = document()
        .create_element_ns(Some("http://www.w3.org/2000/svg"), tag)
        .expect("tags are written in the program");
    El(Box::new(SendWrapper::new(Inner {
        element,
        kept: Vec::new(),
    })))
}

impl El {
    /// Sets an attribute. `false` and `None` leave it out, `true` sets it without a value.
    pub(crate) fn attr(self, name: &'static str, value: impl Into<Attr>) -> Self {
        self.set(name, value.into())
    }

    #[inline(never)]
    fn set(self, name: &'static str, value: Attr) -> Self {
        value.set(&self.0.element, name);
        self
    }

    /// Sets an attribute to a text written in the program.
    #[inline(never)]
    pub(crate) fn is(self, name: &'static str, value: &'static str) -> Self {
        self.set(name, Attr::Static(value))
    }

    /// Sets an attribute now and whenever what it reads changes.
    pub(crate) fn live<V>(self, name: &'static str, mut value: impl FnMut() -> V + 'static) -> Self
    where
        V: Into<Attr>,
    {
        self.live_boxed(name, Box::new(move || value().into()))
    }

    #[inline(never)]
    fn live_boxed(self, name: &'static str, mut value: Box<dyn FnMut() -> Attr>) -> Self {
        let element = self.0.element.clone();
        self.follow(Box::new(move || value().set(&element, name)))
    }

    /// Adds a class if `on`.
    pub(crate) fn class_if(self, name: &'static str, on: bool) -> Self {
        if on {
            // A class that cannot be set leaves the element plain.
            drop(self.0.element.class_list().add_1(name));
        }
        self
    }

    /// Adds or takes away a class, now and whenever what it reads changes.
    pub(crate) fn class_live(self, name: &'static str, on: impl Fn() -> bool + 'static) -> Self {
        let list = self.0.element.class_list();
        self.follow(Box::new(move || drop(list.toggle_with_force(name, on()))))
    }

    /// Sets a style.
    pub(crate) fn style(self, name: &'static str, value: &str) -> Self {
        if let Some(element) = self.0.element.dyn_ref::<HtmlElement>() {
            drop(web_sys::HtmlElement::style(element).set_property(name, value));
        }
        self
    }

    /// Sets a property, now and whenever what it reads changes. One that has the value already is
    /// left alone, so that a caret stays where it is.
    pub(crate) fn prop<V>(self, name: &'static str, mut value: impl FnMut() -> V + 'static) -> Self
    where
        V: Into<JsValue>,
    {
        self.prop_boxed(name, Box::new(move || value().into()))
    }

    #[inline(never)]
    fn prop_boxed(self, name: &'static str, mut value: Box<dyn FnMut() -> JsValue>) -> Self {
        let element = self.0.element.clone();
        self.follow(Box::new(move || {
            let (name, value) = (JsValue::from_str(name), value());
            if js_sys::Reflect::get(&element, &name).as_ref() != Ok(&value) {
                // Elements take any property.
                drop(js_sys::Reflect::set(&element, &name, &value));
            }
        }))
    }

    /// Calls `listener` at every event of this name.
    #[inline(never)]
    pub(crate) fn on(mut self, event: &'static str, listener: Box<dyn FnMut(Event)>) -> Self {
        let listener = Closure::wrap(listener);
        let function = listener.as_ref().unchecked_ref();
        drop(
            self.0
                .element
                .add_event_listener_with_callback(event, function),
        );
        self.0.kept.push(Box::new(listener));
        self
    }

    /// Hands the element to `node_ref`.
    pub(crate) fn node_ref<E>(self, node_ref: NodeRef<E>) -> Self
    where
        E: ElementType,
        NodeRef<E>: NodeRefContainer<E>,
    {
        node_ref.load(&self.0.element);
        self
    }

    /// Adds a child: an element, a view, a text, or several.
    pub(crate) fn child(mut self, child: impl Child) -> Self {
        child.add_to(&mut self);
        self
    }

    #[inline(never)]
    fn add_text(&mut self, text: &str) {
        let node = document().create_text_node(text);
        drop(self.0.element.append_child(&node));
    }

    #[inline(never)]
    fn add_view(&mut self, view: AnyView) {
        let mut state = view.build();
        state.mount(&self.0.element, None);
        self.0.kept.push(Box::new(state));
    }

    #[inline(never)]
    fn add_element(&mut self, child: Self) {
        let child = child.0.take();
        drop(self.0.element.append_child(&child.element));
        self.0.kept.extend(child.kept);
    }

    /// Runs now and whenever what it reads changes, as long as the element lives.
    #[inline(never)]
    fn follow(mut self, mut run: Box<dyn FnMut()>) -> Self {
        let effect = RenderEffect::new(move |_| run());
        self.0.kept.push(Box::new(effect));
        self
    }
}
