//! The colors of the confusion matrix's cells.

use egui::Color32;

use crate::{bitmap::CLASSES, ui::theme::Palette};

/// How cells are colored: in one hue on the diagonal, in another beside it, where the most frequent
/// error is the strongest.
pub(super) struct Shades {
    /// The largest rate beside the diagonal.
    worst: f64,
}

impl Shades {
    /// The colors of a matrix.
    pub(super) fn of(confusion: &[[usize; CLASSES]; CLASSES]) -> Self {
        let mut worst = 0.0_f64;
        for (truth, row) in confusion.iter().enumerate() {
            let shown: usize = row.iter().sum();
            for (read, &count) in row.iter().enumerate() {
                if truth != read {
                    worst = worst.max(count as f64 / shown.max(1) as f64);
                }
            }
        }
        Self { worst }
    }

    /// The color of a cell that holds this part of its row, 0..=1, and that of its text.
    pub(super) fn colors(&self, rate: f64, is_right: bool, palette: &Palette) -> [Color32; 2] {
        if rate == 0.0 {
            return [palette.track, palette.weak];
        }
        let (hue, strength) = if is_right {
            (palette.accent, 0.2 + 0.8 * rate)
        } else {
            // The root lets single errors be seen beside frequent ones.
            let part = (rate / self.worst.max(f64::MIN_POSITIVE)).sqrt();
            (palette.second, 0.2 + 0.8 * part)
        };
        let strength = strength.clamp(0.0, 1.0) as f32;
        let fill = palette.panel.lerp_to_gamma(hue, strength);
        let [usual, other] = [palette.text, palette.on_accent];
        let text = if contrast(usual, fill) < contrast(other, fill) {
            other
        } else {
            usual
        };
        [fill, text]
    }
}

/// The contrast ratio of two colors, 1 to 21, as the Web Content Accessibility Guidelines 2.2
/// define it.
fn contrast(one: Color32, other: Color32) -> f32 {
    let luminance = |color: Color32| {
        let [red, green, blue, _] = egui::Rgba::from(color).to_array();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_be_read_on_every_shade_in_light_and_dark() {
        for theme in [egui::Theme::Light, egui::Theme::Dark] {
            let palette = Palette::of(&theme.default_style());
            let shades = Shades { worst: 0.1 };
            for count in 1..=1000 {
                for is_right in [true, false] {
                    let rate = f64::from(count) / 1000.0;
                    let [fill, text] = shades.colors(rate, is_right, palette);
                    // 3 is what the guidelines ask of large text, 4.5 of small.
                    let found = contrast(fill, text);
                    assert!(found >= 4.0, "{theme:?}, {rate} of {is_right}: {found}");
                }
            }
        }
    }

    #[test]
    fn the_diagonal_is_told_from_errors() {
        let palette = Palette::of(&egui::Theme::Light.default_style());
        let shades = Shades { worst: 0.5 };
        let [right, _] = shades.colors(0.5, true, palette);
        let [wrong, _] = shades.colors(0.5, false, palette);
        assert!(right.b() > right.r(), "blue: {right:?}");
        assert!(wrong.r() > wrong.b(), "orange: {wrong:?}");
    }

    #[test]
    fn the_most_frequent_error_is_the_strongest() {
        let mut confusion = [[0; CLASSES]; CLASSES];
        confusion[4][4] = 90;
        confusion[4][9] = 8;
        confusion[4][7] = 2;
        let shades = Shades::of(&confusion);
        assert!((shades.worst - 0.08).abs() < 1e-12, "eight of a hundred");
        let palette = Palette::of(&egui::Theme::Dark.default_style());
        let [most, _] = shades.colors(0.08, false, palette);
        assert_eq!(most, palette.second, "in full");
        let [none, _] = shades.colors(0.0, false, palette);
        assert_eq!(none, palette.track, "and nothing where there is none");
    }
}
