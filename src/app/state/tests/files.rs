//! Dialogs, typed paths, and what comes of files.

use super::*;
use crate::{
    app::state::models::Entry, data::DataSource, evaluation::evaluation_set::Source, ink::Stroke,
};

#[test]
fn a_path_is_typed_where_no_dialog_comes() {
    let secs = Duration::from_secs_f64;
    let purpose = PathPurpose::LoadWeights;
    let is_prompted = |state: &State| state.path_prompt.is_some();

    let mut state = state();
    state.tick(secs(10.0), false);
    assert!(
        matches!(
            state.apply(Action::AskPath(purpose))[..],
            [Effect::OpenDialog(_)]
        ),
        "asks"
    );
    state.tick(secs(10.1), true);
    state.on_file_outcome(FileOutcome::Canceled);
    assert!(
        is_prompted(&state),
        "canceled before anybody saw it: there is none"
    );

    state.apply(Action::PathCancelled);
    state.apply(Action::AskPath(purpose));
    state.tick(secs(12.0), true);
    state.on_file_outcome(FileOutcome::Canceled);
    assert!(!is_prompted(&state), "a person canceled it");

    state.apply(Action::AskPath(purpose));
    assert_eq!(
        state.tick(secs(13.0), true),
        Some(secs(3.0)),
        "waits for it"
    );
    state.tick(secs(16.0), true);
    assert!(is_prompted(&state), "it does not come");
    let path = PathBuf::from("b.safetensors");
    state.on_file_outcome(FileOutcome::WeightsLoaded {
        path,
        model: Arc::new(model()),
    });
    assert!(!is_prompted(&state), "it came after all");

    state.apply(Action::AskPath(PathPurpose::OpenDrawing));
    assert!(
        is_prompted(&state),
        "an open dialog that is asked for again does not answer"
    );
    state.apply(Action::PathEdited("  ".to_owned()));
    assert!(
        state.apply(Action::PathAccepted).is_empty() && is_prompted(&state),
        "no path yet"
    );
    state.apply(Action::PathEdited(" a b.png ".to_owned()));
    let effects = state.apply(Action::PathAccepted);
    assert!(
        matches!(&effects[..], [Effect::File(FileTask::OpenDrawing(path))] if *path == *"a b.png"),
        "as typed, found {effects:?}"
    );

    state.apply(Action::AskPath(PathPurpose::OpenDrawing));
    let typed = state
        .path_prompt
        .as_ref()
        .map(|prompt| prompt.text.as_str());
    assert_eq!(typed, Some(" a b.png "), "what was typed is there again");
    state.apply(Action::PathCancelled);

    state.settings.file_dialogs = false;
    state.tick(secs(20.0), false);
    assert!(
        state.apply(Action::AskPath(purpose)).is_empty(),
        "no dialog where none is wanted"
    );
    assert!(is_prompted(&state), "but the field");
}

#[test]
fn files_take_their_place_and_failures_take_none() {
    let mut state = state();
    let path = PathBuf::from("/models/b.safetensors");
    for _ in 0..2 {
        let loaded = FileOutcome::WeightsLoaded {
            path: path.clone(),
            model: Arc::new(model()),
        };
        assert!(
            answering(&state.on_file_outcome(loaded)),
            "loaded weights answer"
        );
    }
    let names: Vec<String> = state.models.entries().iter().map(Entry::name).collect();
    assert_eq!(
        names,
        ["shipped model", "model from b.safetensors"],
        "the same file is one model"
    );
    assert!(
        state
            .on_file_outcome(FileOutcome::Failed("could not read c".to_owned()))
            .is_empty(),
        "nothing"
    );
    assert_eq!(
        state.models.chosen().origin,
        Origin::File(path),
        "the model at work stays"
    );
    assert!(
        state
            .notices
            .list()
            .iter()
            .any(|n| n.text == "Could not read c."),
        "it is said"
    );

    let ink: Ink = Stroke::new(vec![dot(0.5)]).into_iter().collect();
    let path = PathBuf::from("/ink/a.jsonl");
    let effects = state.on_file_outcome(FileOutcome::InkOpened {
        path,
        ink: ink.clone(),
        count: 3,
    });
    assert_eq!(*state.ink(), ink, "the drawing of the file");
    assert!(
        requested(&effects).is_some() && state.can_undo(),
        "predicted, and can be taken back"
    );
    state.on_file_outcome(FileOutcome::FolderChosen(PathBuf::from("/data/kmnist")));
    assert_eq!(state.training.form.folder, "/data/kmnist", "in the form");
    assert!(state.training.form.from_folder, "and chosen");
    let effects = state.apply(Action::Train);
    assert!(
        matches!(
            &effects[..],
            [Effect::Train { data, .. }] if data.base != DataSource::Mnist
        ),
        "trains on it, found {effects:?}"
    );
}

#[test]
fn a_picture_that_comes_in_mid_stroke_stays() {
    let mut state = state();
    state.apply(Action::PenDown(dot(0.2)));
    state.on_file_outcome(FileOutcome::PictureOpened {
        path: "photo.png".into(),
        bitmap: Bitmap::from_bytes(&[255; crate::bitmap::PIXELS]),
    });
    assert!(state.apply(Action::PenMoved(dot(0.4))).is_empty());
    assert!(state.picture().is_some(), "the pen has nothing to draw on");
    state.apply(Action::PenUp);
    state.apply(Action::PenDown(dot(0.2)));
    assert!(state.picture().is_none(), "the next stroke ends it");
}

#[test]
fn asking_to_replace_leaves_what_is_being_typed_alone() {
    let mut state = state();
    state.settings.file_dialogs = false;
    draw(&mut state, 0.5);
    state.apply(Action::AskPath(PathPurpose::SaveDrawing));
    state.apply(Action::PathEdited("seven.jsonl".to_owned()));
    state.apply(Action::PathAccepted);
    state.apply(Action::AskPath(PathPurpose::OpenDrawing));
    state.apply(Action::PathEdited("ot".to_owned()));
    state.on_file_outcome(FileOutcome::Exists("seven.jsonl".into()));
    let prompt = state.path_prompt.clone().expect("it is open");
    let found = (prompt.purpose, prompt.text.as_str(), prompt.replaces);
    assert_eq!(found, (PathPurpose::OpenDrawing, "ot", false), "as it was");
    let said = |text: &str| state.notices.list().iter().any(|n| n.text.contains(text));
    assert!(said("seven.jsonl already"), "it is told all the same");
}

#[test]
fn a_folder_is_the_one_that_is_chosen_with_the_spaces_of_its_name() {
    let cases = [
        ("/data/Klasse 3", "/data/Klasse 3", "a space within"),
        ("/data/Klasse 3 ", "/data/Klasse 3 ", "one at the end"),
        ("/data/Klasse 3 /", "/data/Klasse 3 ", "closed already"),
    ];
    for (chosen, expected, reason) in cases {
        let mut state = state();
        state.on_file_outcome(FileOutcome::FolderChosen(chosen.into()));
        let data = DataSource::Folder(expected.into());
        assert_eq!(state.training.form.source(), Some(data), "{reason}");
        let effects = state.on_file_outcome(FileOutcome::TestFolderChosen(chosen.into()));
        let tested = effects.iter().find_map(|effect| match effect {
            Effect::Measure(_, _, source, _) => Some(source.clone()),
            _ => None,
        });
        let source = Source::Folder(expected.into());
        assert_eq!(tested, Some(source), "{reason}");
    }
}

#[test]
fn spaces_around_a_folder_that_is_typed_are_not_meant() {
    let mut state = state();
    state.settings.file_dialogs = false;
    state.apply(Action::AskPath(PathPurpose::DataFolder));
    state.apply(Action::PathEdited(" /data/own ".to_owned()));
    state.apply(Action::PathAccepted);
    let expected = DataSource::Folder("/data/own".into());
    assert_eq!(state.training.form.source(), Some(expected), "trimmed");
}
