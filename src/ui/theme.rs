//! Colors, type sizes and spacing: one place for a consistent window.

use std::sync::Arc;

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Rgba,
    Shadow, Stroke, Style, TextStyle, Theme, Vec2, Visuals,
    style::{HandleShape, WidgetVisuals},
};

use crate::store::settings::ThemeChoice;

/// Between neighbors.
pub(crate) const GAP: f32 = 8.0;
/// Between groups, and from the window's edge.
pub(crate) const MARGIN: f32 = 16.0;
/// The radius of all corners.
pub(crate) const RADIUS: u8 = 8;
/// Numbers and explanations.
pub(crate) const SMALL: f32 = 13.0;
/// Text and buttons.
pub(crate) const BODY: f32 = 15.0;
/// The name of a panel.
pub(crate) const HEADING: f32 = 20.0;

static REGULAR: &[u8] = include_bytes!("../../assets/fonts/Roboto-Regular.ttf");
static SEMI_BOLD: &[u8] = include_bytes!("../../assets/fonts/Roboto-SemiBold.ttf");
/// The family of the heavier weight.
const STRONG: &str = "strong";

/// The colors of a theme: one accent, one color for the second curve, one for errors, and grays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    /// Behind everything.
    pub(crate) window: Color32,
    /// Panels and pop-ups.
    pub(crate) panel: Color32,
    /// The pad and the input of the network.
    pub(crate) paper: Color32,
    /// Ink on paper.
    pub(crate) ink: Color32,
    /// Thin lines around and between widgets.
    pub(crate) outline: Color32,
    /// The line around a control, and the rail of a slider.
    pub(crate) control: Color32,
    /// Important text.
    pub(crate) text: Color32,
    /// Explanations.
    pub(crate) weak: Color32,
    /// The predicted digit and the primary button.
    pub(crate) accent: Color32,
    /// The accent under the pointer.
    pub(crate) accent_hovered: Color32,
    /// Text on the accent.
    pub(crate) on_accent: Color32,
    /// The track of a bar.
    pub(crate) track: Color32,
    /// The bars of the other digits.
    pub(crate) bar: Color32,
    /// The validation curve, distinct from the accent for color-blind people.
    pub(crate) second: Color32,
    /// The curves of other runs.
    pub(crate) others: [Color32; 6],
    /// The ten digits, which always carry their text too.
    pub(crate) digits: [Color32; 10],
    /// Errors.
    pub(crate) error: Color32,
    /// The ring around the focused control, on every other color.
    pub(crate) focus: Color32,
    /// A pressed or selected button.
    pub(crate) button_pressed: Color32,
    button: Color32,
    button_hovered: Color32,
    /// Behind selected text.
    selection: Color32,
}

const LIGHT: Palette = Palette {
    window: Color32::from_rgb(0xf3, 0xf4, 0xf7),
    panel: Color32::from_rgb(0xff, 0xff, 0xff),
    paper: Color32::from_rgb(0xff, 0xff, 0xff),
    ink: Color32::from_rgb(0x17, 0x1a, 0x21),
    outline: Color32::from_rgb(0xd3, 0xd7, 0xe0),
    control: Color32::from_rgb(0x80, 0x89, 0x98),
    text: Color32::from_rgb(0x17, 0x1a, 0x21),
    weak: Color32::from_rgb(0x5c, 0x64, 0x73),
    accent: Color32::from_rgb(0x2b, 0x5f, 0xe3),
    accent_hovered: Color32::from_rgb(0x22, 0x4f, 0xc4),
    on_accent: Color32::WHITE,
    track: Color32::from_rgb(0xe6, 0xe8, 0xee),
    bar: Color32::from_rgb(0xa3, 0xab, 0xba),
    second: Color32::from_rgb(0xad, 0x55, 0x00),
    others: [
        Color32::from_rgb(0x00, 0x7a, 0x5e),
        Color32::from_rgb(0x8a, 0x3f, 0xb0),
        Color32::from_rgb(0xb0, 0x2a, 0x6b),
        Color32::from_rgb(0x5b, 0x6b, 0x1a),
        Color32::from_rgb(0x7a, 0x4a, 0x2a),
        Color32::from_rgb(0x5c, 0x64, 0x73),
    ],
    digits: [
        Color32::from_rgb(0x2b, 0x5f, 0xe3),
        Color32::from_rgb(0xad, 0x55, 0x00),
        Color32::from_rgb(0x00, 0x7a, 0x5e),
        Color32::from_rgb(0xb0, 0x2a, 0x6b),
        Color32::from_rgb(0x5b, 0x6b, 0x1a),
        Color32::from_rgb(0xc0, 0x2b, 0x2b),
        Color32::from_rgb(0x8a, 0x3f, 0xb0),
        Color32::from_rgb(0x0e, 0x74, 0x90),
        Color32::from_rgb(0x7a, 0x4a, 0x2a),
        Color32::from_rgb(0x4a, 0x55, 0x68),
    ],
    error: Color32::from_rgb(0xc0, 0x2b, 0x2b),
    focus: Color32::from_rgb(0xad, 0x55, 0x00),
    selection: Color32::from_rgb(0xd5, 0xe0, 0xfb),
    button: Color32::from_rgb(0xfb, 0xfc, 0xfd),
    button_hovered: Color32::from_rgb(0xee, 0xf0, 0xf4),
    button_pressed: Color32::from_rgb(0xe0, 0xe3, 0xea),
};

const DARK: Palette = Palette {
    window: Color32::from_rgb(0x12, 0x14, 0x18),
    panel: Color32::from_rgb(0x1a, 0x1d, 0x23),
    paper: Color32::from_rgb(0x08, 0x09, 0x0b),
    ink: Color32::from_rgb(0xf4, 0xf5, 0xf7),
    outline: Color32::from_rgb(0x2f, 0x34, 0x3d),
    control: Color32::from_rgb(0x75, 0x7e, 0x8e),
    text: Color32::from_rgb(0xf0, 0xf2, 0xf5),
    weak: Color32::from_rgb(0xb0, 0xb8, 0xc6),
    accent: Color32::from_rgb(0x6c, 0x9b, 0xff),
    accent_hovered: Color32::from_rgb(0x8b, 0xb1, 0xff),
    on_accent: Color32::from_rgb(0x0b, 0x12, 0x22),
    track: Color32::from_rgb(0x26, 0x2a, 0x32),
    bar: Color32::from_rgb(0x5d, 0x66, 0x76),
    second: Color32::from_rgb(0xff, 0xb0, 0x4a),
    others: [
        Color32::from_rgb(0x4f, 0xd1, 0xac),
        Color32::from_rgb(0xc9, 0x9b, 0xf0),
        Color32::from_rgb(0xf2, 0x8a, 0xbf),
        Color32::from_rgb(0xb9, 0xcc, 0x5a),
        Color32::from_rgb(0xd0, 0xa0, 0x80),
        Color32::from_rgb(0x9d, 0xa5, 0xb4),
    ],
    digits: [
        Color32::from_rgb(0x6c, 0x9b, 0xff),
        Color32::from_rgb(0xff, 0xb0, 0x4a),
        Color32::from_rgb(0x4f, 0xd1, 0xac),
        Color32::from_rgb(0xf2, 0x8a, 0xbf),
        Color32::from_rgb(0xb9, 0xcc, 0x5a),
        Color32::from_rgb(0xff, 0x8a, 0x80),
        Color32::from_rgb(0xc9, 0x9b, 0xf0),
        Color32::from_rgb(0x5f, 0xd0, 0xe0),
        Color32::from_rgb(0xd0, 0xa0, 0x80),
        Color32::from_rgb(0xb8, 0xc0, 0xcc),
    ],
    error: Color32::from_rgb(0xff, 0x8a, 0x80),
    focus: Color32::from_rgb(0xff, 0xb0, 0x4a),
    selection: Color32::from_rgb(0x2a, 0x3d, 0x66),
    button: Color32::from_rgb(0x2a, 0x2f, 0x38),
    button_hovered: Color32::from_rgb(0x35, 0x3b, 0x46),
    button_pressed: Color32::from_rgb(0x41, 0x48, 0x55),
};

impl Palette {
    /// The colors on white, such as those of a picture.
    pub(crate) const ON_WHITE: Self = LIGHT;

    /// The palette of a style.
    pub(crate) fn of(style: &Style) -> &'static Self {
        if style.visuals.dark_mode {
            &DARK
        } else {
            &LIGHT
        }
    }
}

/// The regular font.
pub(crate) fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// The semi-bold font.
pub(crate) fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

/// Installs the fonts and both themes.
pub(crate) fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    // Many X11 desktops do not report a theme.
    ctx.options_mut(|options| options.fallback_theme = Theme::Light);
    for (theme, palette) in [(Theme::Light, &LIGHT), (Theme::Dark, &DARK)] {
        ctx.set_style_of(theme, Arc::new(style(theme, palette)));
    }
}

/// Roboto in two weights, with the fonts of egui as fallback.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let usual = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    for (family, name, bytes) in [
        (FontFamily::Proportional, "Roboto", REGULAR),
        (
            FontFamily::Name(STRONG.into()),
            "Roboto SemiBold",
            SEMI_BOLD,
        ),
    ] {
        fonts
            .font_data
            .insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
        let mut names = vec![name.to_owned()];
        names.extend(usual.iter().cloned());
        fonts.families.insert(family, names);
    }
    fonts
}

/// Applies the chosen theme.
pub(crate) fn apply(ctx: &Context, choice: ThemeChoice) {
    let preference = match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
    };
    if ctx.options(|options| options.theme_preference) != preference {
        ctx.set_theme(preference);
    }
}

fn style(theme: Theme, palette: &Palette) -> Style {
    let mut style = theme.default_style();
    style.text_styles = [
        (TextStyle::Small, font(SMALL)),
        (TextStyle::Body, font(BODY)),
        (TextStyle::Button, font(BODY)),
        (TextStyle::Heading, strong(HEADING)),
        (
            TextStyle::Monospace,
            FontId::new(BODY, FontFamily::Monospace),
        ),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Body;
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::splat(GAP);
    spacing.button_padding = Vec2::new(12.0, 6.0);
    spacing.interact_size = Vec2::new(44.0, 32.0);
    spacing.menu_margin = Margin::same(8);
    spacing.window_margin = Margin::same(16);
    spacing.icon_width = 18.0;
    spacing.icon_width_inner = 10.0;
    spacing.icon_spacing = 8.0;
    spacing.tooltip_width = 320.0;
    spacing.menu_width = 380.0;
    // As high as the longest list, so that no option is hidden.
    spacing.combo_height = 480.0;
    spacing.scroll.bar_width = 8.0;
    visuals(&mut style.visuals, palette);
    style
}

fn visuals(visuals: &mut Visuals, palette: &Palette) {
    let widget = |fill, text, outline| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: outline,
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let line = Stroke::new(1.0, palette.outline);
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = widget(palette.panel, palette.text, line);
    let line = Stroke::new(1.0, palette.control);
    widgets.inactive = widget(palette.button, palette.text, line);
    widgets.hovered = widget(palette.button_hovered, palette.text, line);
    widgets.active = widget(palette.button_pressed, palette.text, line);
    widgets.open = widget(palette.button_hovered, palette.text, line);
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(palette.weak);
    visuals.selection.bg_fill = palette.selection;
    visuals.selection.stroke = Stroke::new(1.0, palette.text);
    visuals.hyperlink_color = palette.accent;
    visuals.faint_bg_color = palette.window;
    visuals.extreme_bg_color = palette.track;
    visuals.text_edit_bg_color = Some(palette.button);
    visuals.error_fg_color = palette.error;
    visuals.warn_fg_color = palette.second;
    visuals.panel_fill = palette.window;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = widgets.noninteractive.bg_stroke;
    visuals.window_corner_radius = CornerRadius::same(12);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS);
    let shadow = Shadow {
        offset: [0, 8],
        blur: 24,
        spread: 0,
        color: Color32::from_black_alpha(if visuals.dark_mode { 120 } else { 40 }),
    };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.handle_shape = HandleShape::Circle;
    visuals.text_cursor.stroke = Stroke::new(2.0, palette.accent);
    visuals.indent_has_left_vline = false;
    visuals.disabled_alpha = 0.45;
}

/// The contrast of WCAG 2: 1 for equal colors, 21 for black on white.
pub(crate) fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |color: Color32| {
        let color = Rgba::from(color);
        0.2126 * color.r() + 0.7152 * color.g() + 0.0722 * color.b()
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Black or white, whichever has more contrast on a color: at least 4.58, which is √(1.05 / 0.05).
pub(crate) fn text_on(fill: Color32) -> Color32 {
    if contrast(Color32::BLACK, fill) > contrast(Color32::WHITE, fill) {
        Color32::BLACK
    } else {
        Color32::WHITE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_controls_have_contrast_in_both_themes() {
        // AA of WCAG 2: 4.5 for text, 3 for graphics and for the focus.
        for (theme, palette) in [(Theme::Light, &LIGHT), (Theme::Dark, &DARK)] {
            let grounds = [palette.window, palette.panel, palette.paper];
            for ground in grounds {
                for text in [palette.text, palette.weak, palette.second, palette.error] {
                    let found = contrast(text, ground);
                    assert!(
                        found >= 4.5,
                        "{theme:?}: text {text:?} on {ground:?}: {found}"
                    );
                }
                let graphics = [palette.accent, palette.focus, palette.ink, palette.control];
                let others = palette.others.into_iter().chain(palette.digits);
                for color in graphics.into_iter().chain(others) {
                    let found = contrast(color, ground);
                    assert!(found >= 3.0, "{theme:?}: {color:?} on {ground:?}: {found}");
                }
            }
            let accents = [palette.accent, palette.accent_hovered];
            for accent in accents {
                let found = contrast(palette.on_accent, accent);
                assert!(found >= 4.5, "{theme:?}: text on the accent: {found}");
            }
            let widgets = style(theme, palette).visuals.widgets;
            for widget in [
                widgets.noninteractive,
                widgets.inactive,
                widgets.hovered,
                widgets.active,
                widgets.open,
            ] {
                let found = contrast(widget.fg_stroke.color, widget.weak_bg_fill);
                assert!(found >= 4.5, "{theme:?}: text of a control: {found}");
            }
            let selected = contrast(palette.text, palette.selection);
            assert!(selected >= 4.5, "{theme:?}: selected text: {selected}");
        }
    }
}
