//! Windows of all sizes.

use digitpad::app::settings::Settings;
use egui::{Pos2, Rect};
use egui_kittest::kittest::Queryable as _;

use crate::driver::{Window, settings};

#[test]
fn everything_has_its_place_at_every_size() {
    let cases = [
        ([640.0, 480.0], 1.0, false, true),
        ([640.0, 480.0], 2.0, true, false),
        ([640.0, 800.0], 1.0, true, true),
        ([1100.0, 700.0], 1.0, true, true),
        ([1280.0, 720.0], 1.5, true, true),
        ([2560.0, 1440.0], 2.0, true, true),
        ([700.0, 1200.0], 1.0, false, true),
    ];
    for (size, pixels_per_point, training_panel, fits) in cases {
        let settings = Settings {
            training_panel,
            ..settings()
        };
        let window = Window::with_model(settings, None, size, pixels_per_point);
        let whole = Rect::from_min_size(Pos2::ZERO, size.into());
        let mut places = vec![("Drawing pad".to_owned(), window.pad())];
        for label in [
            "What the network sees",
            "Undo",
            "Redo",
            "Clear",
            "Change model",
        ] {
            places.push((label.to_owned(), window.harness.get_by_label(label).rect()));
        }
        for digit in 0..10 {
            let label = format!("Probability of {digit}");
            places.push((label.clone(), window.harness.get_by_label(&label).rect()));
        }
        for (index, (label, place)) in places.iter().enumerate() {
            let is_within = whole.contains_rect(place.shrink(0.5));
            assert!(
                is_within || !fits,
                "{label} at {place:?} is within {size:?}"
            );
            assert!(
                place.height() >= 8.0,
                "{label} at {place:?} can be seen in {size:?}"
            );
            for (other, elsewhere) in &places[..index] {
                let common = place.shrink(0.5).intersects(elsewhere.shrink(0.5));
                assert!(
                    !common,
                    "{label} at {place:?} hides {other} at {elsewhere:?} in {size:?}"
                );
            }
        }
        let pad = window.pad();
        assert!(
            (pad.width() - pad.height()).abs() < 0.5,
            "the pad is a square in {size:?}"
        );
    }
}
