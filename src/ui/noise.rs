//! Noise to test with: it is added to the picture that the network sees of the drawing.

use egui::{
    Button, PopupCloseBehavior, Rect, RichText, Slider, Ui, UiBuilder, WidgetInfo,
    accesskit::Role,
    containers::menu::{MenuButton, MenuConfig},
};

use super::theme::{self, Palette};
use crate::{app::action::Action, dataset::noise::Noise};

/// Draws the button that opens it, at the right end of the rectangle.
pub(crate) fn noise_ui(ui: &mut Ui, rect: Rect, noise: Option<Noise>, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.style());
    let layout = egui::Layout::right_to_left(egui::Align::Min);
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(layout), |ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        ui.spacing_mut().button_padding = egui::vec2(6.0, 0.0);
        let (color, fill) = match noise {
            Some(_) => (palette.panel, palette.second),
            None => (palette.weak, palette.window),
        };
        let text = RichText::new("Noise").size(theme::SMALL).color(color);
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let (response, _) = MenuButton::from_button(Button::new(text).fill(fill))
            .config(config)
            .ui(ui, |ui| menu_ui(ui, noise, actions));
        let value = noise.map_or_else(|| "off".to_owned(), |noise| noise.to_string());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Button, true, "Noise");
            info.current_text_value = Some(value.clone());
            info
        });
        response.on_hover_text(
            "Adds noise to what the network sees of your drawing, to test how much it bears.",
        );
    });
}

fn menu_ui(ui: &mut Ui, noise: Option<Noise>, actions: &mut Vec<Action>) {
    ui.set_width(280.0);
    // A menu's own look leaves the circles of what is not chosen without a line.
    let line = egui::Stroke::new(1.0, Palette::of(ui.style()).outline);
    ui.visuals_mut().widgets.inactive.bg_stroke = line;
    ui.label("Noise on what the network sees");
    let strength = noise.map_or(0.15, Noise::strength);
    let kinds = [
        ("No noise", None, "The drawing as it is."),
        (
            "Salt and pepper",
            Some(Noise::SaltAndPepper(strength)),
            "Some pixels become ink or paper. A median filter takes them out.",
        ),
        (
            "Gaussian",
            Some(Noise::Gaussian(strength)),
            "Each pixel becomes a little darker or lighter, as film grain does. A blur takes it out.",
        ),
    ];
    for (name, kind, help) in kinds {
        let is_chosen = kind.map(Noise::name) == noise.map(Noise::name);
        if ui.radio(is_chosen, name).on_hover_text(help).clicked() && !is_chosen {
            actions.push(Action::AddNoise(kind));
        }
    }
    if let Some(noise) = noise {
        let mut percent = (noise.strength() * 100.0).round() as u8;
        let label = ui.label("Strength");
        let slider = Slider::new(&mut percent, 1..=100).suffix(" %");
        if ui.add(slider).labelled_by(label.id).changed() {
            let strength = f32::from(percent) / 100.0;
            actions.push(Action::AddNoise(Some(match noise {
                Noise::SaltAndPepper(_) => Noise::SaltAndPepper(strength),
                Noise::Gaussian(_) => Noise::Gaussian(strength),
            })));
        }
    }
}
