//! The contrast of all texts and controls, measured in the shapes that the window paints.

use digitpad::store::settings::{Settings, ThemeChoice};
use egui::{Color32, Key, Modifiers, Pos2, Rect, Rgba, Shape, accesskit::Role, epaint::TextShape};
use egui_kittest::kittest::NodeT as _;

use crate::{
    driver::{SEVEN, Window},
    layout::open_all,
    training::training_settings,
};

/// AA of WCAG 2: for text, and for what shows a control.
const TEXT: f32 = 4.5;
pub(crate) const CONTROL: f32 = 3.0;

/// The contrast of WCAG 2: 1 for equal colors, 21 for black on white.
pub(crate) fn contrast(a: Rgba, b: Rgba) -> f32 {
    let luminance = |color: Rgba| 0.2126 * color.r() + 0.7152 * color.g() + 0.0722 * color.b();
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The color of `above` over `below`, as the screen blends them.
pub(crate) fn blended(above: Color32, below: Color32) -> Color32 {
    let left = u16::from(255 - above.a());
    let channel =
        |above: u8, below: u8| above.saturating_add((u16::from(below) * left / 255) as u8);
    Color32::from_rgb(
        channel(above.r(), below.r()),
        channel(above.g(), below.g()),
        channel(above.b(), below.b()),
    )
}

/// What fills a place.
#[derive(Clone, Copy, PartialEq)]
enum Fill {
    Color(Color32),
    Picture,
}

/// A shape, and where it is visible.
pub(crate) struct Painted {
    pub(crate) clip: Rect,
    pub(crate) shape: Shape,
}

impl Painted {
    /// All shapes of the last frame, from back to front.
    pub(crate) fn all(window: &Window) -> Vec<Self> {
        fn flatten(clip: Rect, shape: Shape, all: &mut Vec<Painted>) {
            match shape {
                Shape::Vec(shapes) => {
                    for shape in shapes {
                        flatten(clip, shape, all);
                    }
                }
                shape => all.push(Painted { clip, shape }),
            }
        }
        let mut all = Vec::new();
        for clipped in &window.harness.output().shapes {
            flatten(clipped.clip_rect, clipped.shape.clone(), &mut all);
        }
        all
    }

    fn fill(&self, pos: Pos2) -> Option<Fill> {
        let is_here = |rect: Rect| self.clip.contains(pos) && rect.contains(pos);
        match &self.shape {
            Shape::Rect(rect) if is_here(rect.rect) => Some(match rect.brush {
                Some(_) => Fill::Picture,
                None => Fill::Color(rect.fill),
            }),
            Shape::Mesh(mesh) if is_here(mesh.calc_bounds()) => Some(Fill::Picture),
            _ => None,
        }
    }
}

/// The color behind a place on top of these shapes; `None` on a picture.
fn behind(shapes: &[Painted], pos: Pos2) -> Option<Color32> {
    let mut behind = Fill::Color(Color32::BLACK);
    for fill in shapes.iter().filter_map(|shape| shape.fill(pos)) {
        behind = match (fill, behind) {
            (Fill::Color(color), _) if color.a() == 255 => fill,
            (Fill::Color(color), Fill::Color(below)) => Fill::Color(blended(color, below)),
            _ => Fill::Picture,
        };
    }
    match behind {
        Fill::Color(color) => Some(color),
        Fill::Picture => None,
    }
}

fn colors(text: &TextShape) -> Vec<Color32> {
    let sections = text.galley.job.sections.iter();
    let sections = sections.filter(|section| !section.byte_range.is_empty());
    let color = |color| match text.override_text_color {
        Some(color) => color,
        None if color == Color32::PLACEHOLDER => text.fallback_color,
        None => color,
    };
    sections
        .map(|section| color(section.format.color))
        .collect()
}

/// Compares each text with what is behind it, and what shows a control with its surroundings.
fn assert_contrast(window: &Window, when: &str) {
    let shapes = Painted::all(window);
    let root = window.harness.root();
    let nodes = root.children_recursive();
    let has_place = |node: &egui_kittest::Node<'_>| node.accesskit_node().raw_bounds().is_some();
    let nodes: Vec<_> = nodes.into_iter().filter(has_place).collect();
    let disabled = nodes
        .iter()
        .filter(|node| node.accesskit_node().is_disabled());
    let disabled: Vec<Rect> = disabled.map(|node| node.rect().expand(2.0)).collect();
    let mut texts = 0;
    for (index, Painted { clip, shape }) in shapes.iter().enumerate() {
        let Shape::Text(text) = shape else { continue };
        let middle = text.visual_bounding_rect().center();
        let is_disabled = disabled.iter().any(|rect| rect.contains(middle));
        let Some(below) = behind(&shapes[..index], middle) else {
            continue;
        };
        if is_disabled || !clip.contains(middle) {
            continue;
        }
        for color in colors(text) {
            texts += 1;
            let shown = blended(color.gamma_multiply(text.opacity_factor), below);
            let found = contrast(shown.into(), below.into());
            let words = text.galley.text();
            assert!(
                found >= TEXT,
                "{when}: {words:?} at {middle}: {found} of {shown:?} on {below:?}"
            );
        }
    }
    assert!(texts > 10, "{when}: {texts} texts");
    for node in nodes {
        let role = node.accesskit_node().role();
        let is_field = matches!(
            role,
            Role::CheckBox
                | Role::RadioButton
                | Role::TextInput
                | Role::SpinButton
                | Role::ComboBox
                | Role::Slider
        );
        let rect = node.rect();
        if !is_field || disabled.iter().any(|it| it.contains(rect.center())) {
            continue;
        }
        let within = rect.expand(2.0);
        let is_seen = |(index, painted): (usize, &Painted)| {
            let (place, color) = match &painted.shape {
                Shape::Rect(it) if it.stroke.width > 0.0 => (it.rect, it.stroke.color),
                Shape::Rect(it) => (it.rect, it.fill),
                Shape::Circle(it) => (it.visual_bounding_rect(), it.stroke.color),
                _ => return false,
            };
            if !within.contains_rect(place) || !painted.clip.contains(rect.center()) {
                return false;
            }
            let beside = place.left_center() - egui::vec2(1.5, 0.0);
            behind(&shapes[..index], beside).is_some_and(|below| {
                contrast(blended(color, below).into(), below.into()) >= CONTROL
            })
        };
        let is_visible = shapes.iter().any(|shape| {
            matches!(&shape.shape, Shape::Rect(it) if within.contains_rect(it.rect) && shape.clip.contains(rect.center()))
        });
        let name = node.accesskit_node().label();
        assert!(
            !is_visible || shapes.iter().enumerate().any(is_seen),
            "{when}: {role:?} {name:?} at {rect:?} has a line"
        );
    }
}

#[test]
fn texts_and_controls_have_contrast_in_both_themes() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
        let settings = Settings {
            theme,
            ..training_settings(folder.path(), 3)
        };
        let mut window = Window::with_model(settings, None, [1100.0, 2000.0], 1.0);
        let check = |window: &mut Window, when: &str| {
            window.harness.run_steps(3);
            assert_contrast(window, &format!("{theme:?}, {when}"));
        };
        check(&mut window, "empty");
        window.draw(SEVEN);
        window.await_answer('7');
        window.click("Train");
        window.await_that("it is trained", |harness| {
            harness.state().state().training.record.is_some()
        });
        check(&mut window, "trained");
        for menu in [
            "View",
            "Noise",
            "History",
            "More tools",
            "Correct the prediction",
        ] {
            window.click(menu);
            check(&mut window, menu);
            window.press(Modifiers::NONE, Key::Escape);
        }
        window.click("Noise");
        window.click("Salt and pepper");
        check(&mut window, "the strength of the noise");
        window.click("No noise");
        window.press(Modifiers::NONE, Key::Escape);
        window.open_models();
        check(&mut window, "the models");
        window.press(Modifiers::NONE, Key::Escape);
        open_all(&mut window);
        check(&mut window, "the settings");
        window.click("Runs tab");
        check(&mut window, "the runs");
        window.press(Modifiers::NONE, Key::F1);
        check(&mut window, "the help");
        window.press(Modifiers::NONE, Key::Escape);
        for place in ["Why", "Learn", "Test"] {
            window.click(place);
            check(&mut window, place);
        }
        window.click("Why");
        // A text without a glyph panics here.
        for view in [
            "It looked like these",
            "Which ink counts",
            "One rather than the other",
            "What would change it",
            "Inside",
            "The map",
        ] {
            window.click(&format!("How is {view} computed?"));
            check(&mut window, view);
            window.click(&format!("How is {view} computed?"));
        }
        window.click("Test");
        window.click("Test now");
        window.await_that("it is tested", |harness| {
            harness.state().state().evaluation.completed.is_some()
        });
        check(&mut window, "tested");
    }
}
