//! The choice of noise on the input of the network, for a drawing or for the images of an evaluation.

use egui::{
    Button, Color32, Popup, PopupCloseBehavior, Rect, Response, RichText, Slider, Ui, WidgetInfo,
    accesskit::Role,
};

use super::{
    draw::fixed_place,
    focus,
    theme::{self, Palette},
    widgets::toggles_ui,
};
use crate::{
    app::{action::Action, state::evaluation::EvaluationAction},
    data::noise::Noise,
    format,
};

/// A choice of noise.
struct NoiseChange {
    noise: Option<Noise>,
    /// Whether the choice is final. A slider that is being dragged changes again in the next frame.
    is_settled: bool,
}

/// Draws the button for a drawing, at the right end of the rectangle.
pub(crate) fn noise_ui(ui: &mut Ui, rect: Rect, noise: Option<Noise>, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.style());
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let builder = fixed_place("noise", rect).layout(layout);
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        ui.spacing_mut().button_padding = egui::vec2(6.0, 0.0);
        let (color, fill) = colors(palette, noise).unwrap_or((palette.weak, palette.window));
        let text = RichText::new("Noise").size(theme::SMALL).color(color);
        let button = Button::new(text).fill(fill);
        let (response, asked) = menu_button(ui, button, noise, "Noise on the drawing");
        response.on_hover_text("Adds noise to the input of the network, to test how robust it is.");
        actions.extend(asked.map(|asked| Action::AddNoise(asked.noise)));
    });
}

/// Draws the button for the images of an evaluation.
pub(crate) fn test_noise_ui(ui: &mut Ui, noise: Option<Noise>, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.style());
    let said = noise.map_or_else(|| "Noise: off".to_owned(), noise_label);
    let button = match colors(palette, noise) {
        Some((color, fill)) => Button::new(RichText::new(said).color(color)).fill(fill),
        None => Button::new(said),
    };
    let (response, new) = menu_button(ui, button, noise, "Noise on the test images");
    response.on_hover_text(
        "Adds noise to each test image. Compare models with and without filters to see the benefit of a filter.",
    );
    actions.extend(
        new.map(
            |NoiseChange { noise, is_settled }| EvaluationAction::AddNoise { noise, is_settled },
        )
        .map(Action::Evaluation),
    );
}

/// "10 % Gaussian noise".
pub(crate) fn noise_label(noise: Noise) -> String {
    let kind = match noise {
        Noise::SaltAndPepper(_) => "salt and pepper",
        Noise::Gaussian(_) => "Gaussian noise",
    };
    format!("{} {kind}", format::percent(f64::from(noise.strength()), 0))
}

/// The colors of text and button while noise is on.
fn colors(palette: &Palette, noise: Option<Noise>) -> Option<(Color32, Color32)> {
    noise.map(|_| (palette.panel, palette.second))
}

/// A button with a menu. Its accessible value is the current noise.
fn menu_button(
    ui: &mut Ui,
    button: Button<'_>,
    noise: Option<Noise>,
    title: &str,
) -> (Response, Option<NoiseChange>) {
    let response = ui.add(button);
    let popup = Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let menu = popup.show(|ui| toggles_ui(ui, |ui| menu_ui(ui, noise, title)));
    let value = noise.map_or_else(|| "off".to_owned(), |noise| noise.to_string());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Button, true, "Noise");
        info.current_text_value = Some(value.clone());
        info
    });
    (response, menu.and_then(|menu| menu.inner))
}

fn menu_ui(ui: &mut Ui, noise: Option<Noise>, title: &str) -> Option<NoiseChange> {
    focus::keep_popup(ui);
    ui.set_width(280.0);
    ui.label(title);
    let mut asked = None;
    let strength = noise.map_or(0.15, Noise::strength);
    let kinds = [
        ("No noise", None, "Leaves the input unchanged."),
        (
            "Salt and pepper",
            Some(Noise::SaltAndPepper(strength)),
            "Sets some pixels to ink or paper. A median filter removes it.",
        ),
        (
            "Gaussian",
            Some(Noise::Gaussian(strength)),
            "Makes each pixel a little darker or lighter. A blur reduces it.",
        ),
    ];
    for (name, kind, help) in kinds {
        let is_chosen = kind.map(Noise::name) == noise.map(Noise::name);
        let entry = ui.radio(is_chosen, name).on_hover_text(help);
        if is_chosen {
            focus::enter_at(&entry);
        }
        if entry.clicked() && !is_chosen {
            asked = Some(NoiseChange {
                noise: kind,
                is_settled: true,
            });
        }
    }
    let Some(noise) = noise else { return asked };
    let mut percent = (noise.strength() * 100.0).round() as u8;
    // The rail of the slider.
    ui.visuals_mut().widgets.inactive.bg_fill = Palette::of(ui.style()).control;
    let label = ui.label("Strength");
    let slider = ui.add(Slider::new(&mut percent, 1..=100).suffix(" %"));
    let slider = slider.labelled_by(label.id);
    if slider.changed() || slider.drag_stopped() {
        asked = Some(NoiseChange {
            noise: Some(noise.with_strength(f32::from(percent) / 100.0)),
            is_settled: !slider.dragged(),
        });
    }
    asked
}
