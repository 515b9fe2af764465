//! Requests for files and their outcomes.

use super::*;
use crate::{data::DataSource, ink::Stroke, training::config::TrainingConfig};

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

/// Asks for a dialog and returns its request.
fn dialog(state: &mut State, purpose: FilePurpose) -> FileRequest {
    match state.apply(Action::AskPath(purpose)).pop() {
        Some(Effect::OpenDialog(request)) => request,
        other => panic!("expected a dialog, found {other:?}"),
    }
}

fn outcome(request: FileRequest, result: FileResult) -> FileOutcome {
    FileOutcome::Requested {
        request,
        result: Ok(result),
    }
}

/// The purpose and the text of the path field.
fn prompt(state: &State) -> Option<(FilePurpose, &str)> {
    let prompt = state.path_prompt.as_ref()?;
    Some((prompt.request.purpose, prompt.text.as_str()))
}

#[test]
fn without_a_dialog_a_path_is_typed() {
    let purpose = FilePurpose::LoadWeights;
    let mut state = state();
    state.tick(secs(10.0), false);
    let request = dialog(&mut state, purpose);
    state.tick(secs(10.1), true);
    state.on_file_outcome(outcome(request, FileResult::Canceled));
    assert!(prompt(&state).is_some(), "canceled before anybody saw it");

    state.apply(Action::CancelPath);
    let request = dialog(&mut state, purpose);
    state.tick(secs(12.0), true);
    state.on_file_outcome(outcome(request, FileResult::Canceled));
    assert_eq!(prompt(&state), None, "a person canceled it");

    let request = dialog(&mut state, purpose);
    let wait = state.tick(secs(13.0), true);
    assert_eq!(wait, Some(secs(3.0)), "waits for it");
    state.tick(secs(16.0), true);
    assert!(prompt(&state).is_some(), "it does not appear");
    let weights = FileResult::Weights(weight_file("b.safetensors"), Arc::new(model()));
    state.on_file_outcome(outcome(request, weights));
    assert_eq!(prompt(&state), None, "it appeared after all");

    state.apply(Action::AskPath(FilePurpose::OpenDrawing));
    assert!(prompt(&state).is_some(), "an open dialog does not answer");
    state.apply(Action::EditPath("  ".to_owned()));
    assert!(accept_path(&mut state).is_none(), "no path yet");
    assert!(prompt(&state).is_some(), "so the field stays");
    state.apply(Action::EditPath(" a b.png ".to_owned()));
    let effects = state.apply(Action::AcceptPath);
    assert!(
        matches!(&effects[..], [Effect::File(FileTask::Requested { path, .. })] if *path == *"a b.png"),
        "trimmed, found {effects:?}"
    );

    state.apply(Action::AskPath(FilePurpose::OpenDrawing));
    let typed = Some((FilePurpose::OpenDrawing, " a b.png "));
    assert_eq!(prompt(&state), typed, "the last path is there again");
    state.apply(Action::CancelPath);

    state.settings.file_dialogs = false;
    state.tick(secs(20.0), false);
    let effects = state.apply(Action::AskPath(purpose));
    assert!(effects.is_empty(), "no dialog where none is wanted");
    assert!(prompt(&state).is_some(), "but the field");
}

#[test]
fn an_outcome_closes_the_path_field_of_its_own_request_only() {
    let mut state = state();
    super::training::started(&mut state);
    let curves = dialog(&mut state, FilePurpose::SaveCurves);
    state.tick(secs(1.0), true);
    state.apply(Action::AskPath(FilePurpose::SaveWeights));
    state.on_file_outcome(outcome(curves, FileResult::Saved("a.csv".into())));
    let purpose = prompt(&state).map(|(purpose, _)| purpose);
    assert_eq!(purpose, Some(FilePurpose::SaveWeights), "another request");

    // Two tables: saving the one leaves the question for the other.
    let mut state = super::state();
    super::training::started(&mut state);
    state.settings.file_dialogs = false;
    let (curves, _) = type_path(
        &mut state,
        Action::AskPath(FilePurpose::SaveCurves),
        "a.csv",
    )
    .expect("it is saved");
    state.apply(Action::AskPath(FilePurpose::SaveCurves));
    state.on_file_outcome(outcome(curves, FileResult::Saved("a.csv".into())));
    let purpose = prompt(&state).map(|(purpose, _)| purpose);
    assert_eq!(purpose, Some(FilePurpose::SaveCurves), "a later request");
}

#[test]
fn a_save_writes_the_content_of_the_time_of_the_request() {
    let epochs = |request: &FileRequest| match &request.content {
        Some(FileContent::Config(config)) => config.epochs,
        other => panic!("expected a configuration, found {other:?}"),
    };
    for file_dialogs in [true, false] {
        let mut state = state();
        state.settings.file_dialogs = file_dialogs;
        state.training.form.draft.epochs = 3;
        let effects = state.apply(Action::AskPath(FilePurpose::SaveConfig));
        state.training.form.draft.epochs = 4;
        let request = if let [Effect::OpenDialog(request)] = &effects[..] {
            request.clone()
        } else {
            state.apply(Action::EditPath("a.toml".to_owned()));
            accept_path(&mut state).expect("it is written").0
        };
        assert_eq!(epochs(&request), 3, "with dialogs: {file_dialogs}");
    }
}

#[test]
fn invalid_settings_are_not_saved() {
    let mut state = state();
    state.training.form.draft.epochs = 0;
    let effects = state.apply(Action::AskPath(FilePurpose::SaveConfig));
    assert!(effects.is_empty(), "nothing to write: {effects:?}");
    assert_eq!(state.notices.list().len(), 1, "a notice shows the error");
}

#[test]
fn a_failed_path_field_is_back_with_its_text() {
    let mut state = state();
    let asks = Action::AskPath(FilePurpose::LoadWeights);
    let (request, _) = type_path(&mut state, asks, "a.safetensors").expect("it is read");
    assert_eq!(prompt(&state), None, "while it is read");
    state.on_file_outcome(FileOutcome::Requested {
        request,
        result: Err(file_error("no such file".to_owned())),
    });
    let typed = Some((FilePurpose::LoadWeights, "a.safetensors"));
    assert_eq!(prompt(&state), typed, "to be mended");
    let problem = |state: &State| state.path_prompt.as_ref()?.problem.clone();
    assert!(problem(&state).is_some(), "the field says the reason");
    assert_eq!(state.notices.shown(), None, "nothing is said behind it");
    state.apply(Action::EditPath("b.safetensors".to_owned()));
    assert_eq!(problem(&state), None, "until another path is typed");
}

#[test]
fn a_failed_file_is_said_until_the_next_one() {
    let mut state = state();
    let failed = || FileOutcome::Requested {
        request: FileRequest {
            number: 1000,
            purpose: FilePurpose::OpenDrawing,
            content: None,
        },
        result: Err(file_error("no such file".to_owned())),
    };
    state.on_file_outcome(failed());
    state.on_file_outcome(read(FilePurpose::OpenDrawing, FileResult::Canceled));
    assert!(state.notices.shown().is_some(), "not opened");
    state.on_file_outcome(opened_picture("seven.png"));
    assert_eq!(state.notices.shown(), None, "the next one is");
    state.on_file_outcome(failed());
    assert!(state.notices.shown().is_some(), "failed again");
}

#[test]
fn a_typed_name_without_an_extension_gets_the_usual_one() {
    for (text, expected) in [("mine", "mine.toml"), ("mine.txt", "mine.txt")] {
        let mut state = state();
        state.settings.file_dialogs = false;
        state.apply(Action::AskPath(FilePurpose::SaveConfig));
        state.apply(Action::EditPath(text.to_owned()));
        let effects = state.apply(Action::AcceptPath);
        assert!(
            matches!(&effects[..], [Effect::File(FileTask::Requested { path, .. })] if *path == *expected),
            "{text}: {effects:?}"
        );
    }
}

#[test]
fn weights_from_a_file_answer_after_a_restart() {
    let mut before = state();
    let file = weight_file("/models/b.safetensors");
    let loaded = Arc::new(model());
    before.on_file_outcome(loaded_weights("/models/b.safetensors", &loaded));
    let next = || State::new(before.settings.clone(), model(), None);
    let mut state = next();
    assert!(
        matches!(state.reopen_weights(), Some(Effect::File(FileTask::ReopenWeights(asked))) if asked == file),
        "it is read again"
    );
    let reopened = || FileOutcome::Reopened(Ok((file.clone(), Arc::clone(&loaded))));
    let effects = state.on_file_outcome(reopened());
    assert!(uses_model(&effects), "{effects:?}");
    let names = [&before, &state].map(|state| state.models.chosen().name.clone());
    assert_eq!(names, ["b.safetensors"; 2], "by the same name");
    assert!(state.notices.shown().is_none(), "nothing to say");

    let mut state = next();
    let gone = Err(file_error("the file is gone".to_owned()));
    state.on_file_outcome(FileOutcome::Reopened(gone));
    assert_eq!(state.models.chosen().origin, Origin::BuiltIn, "it answers");
    assert_eq!(
        state.settings.model_in_use,
        ModelInUse::BuiltIn,
        "from now on"
    );
    let notice = state.notices.shown().expect("it is said");
    assert!(notice.text.contains("the file is gone"), "{notice:?}");

    let mut state = next();
    state.on_file_outcome(loaded_weights("/models/c.safetensors", &loaded));
    state.on_file_outcome(reopened());
    let chosen = &state.models.chosen().name;
    assert_eq!(chosen, "c.safetensors", "the user was quicker");

    let of_command_line = Some((weight_file("w.safetensors"), Arc::clone(&loaded)));
    let state = State::new(before.settings.clone(), model(), of_command_line);
    assert!(state.reopen_weights().is_none(), "the command line wins");
    let built_in = before.models.entries()[0].id;
    before.apply(Action::ChooseModel(built_in));
    assert_eq!(before.settings.model_in_use, ModelInUse::BuiltIn, "back");
}

#[test]
fn loaded_files_are_used_and_failures_change_nothing() {
    let mut state = state();
    for _ in 0..2 {
        let loaded = loaded_weights("/models/b.safetensors", &Arc::new(model()));
        let effects = state.on_file_outcome(loaded);
        assert!(uses_model(&effects), "loaded weights are used");
    }
    let origins: Vec<_> = state
        .models
        .entries()
        .iter()
        .map(|entry| &entry.origin)
        .collect();
    let file = Origin::File(weight_file("/models/b.safetensors"));
    assert_eq!(origins, [&Origin::BuiltIn, &file], "one model per file");
    let request = FileRequest {
        number: 1000,
        purpose: FilePurpose::LoadWeights,
        content: None,
    };
    let result = Err(file_error("could not read c".to_owned()));
    let effects = state.on_file_outcome(FileOutcome::Requested { request, result });
    assert!(effects.is_empty(), "nothing changes");
    assert_eq!(state.models.chosen().origin, file, "the model stays in use");
    let is_said = |n: &Notice| n.text.contains("could not read c");
    assert!(
        state.notices.list().iter().any(is_said),
        "a notice shows the error"
    );

    let ink: Ink = Stroke::new(vec![dot(0.5)]).into_iter().collect();
    let opened = FileResult::Ink {
        path: "/ink/a.jsonl".into(),
        ink: ink.clone(),
        count: 3,
    };
    state.on_file_outcome(read(FilePurpose::OpenDrawing, opened));
    assert_eq!(*state.pad.ink(), ink, "the drawing of the file");
    assert!(requested(&mut state).is_some(), "predicted");
    assert!(state.pad.can_undo(), "and can be undone");
    let config = TrainingConfig {
        epochs: 3,
        ..state.training.form.draft.clone()
    };
    let loaded = FileResult::Config("a.toml".into(), Box::new(config));
    state.on_file_outcome(read(FilePurpose::LoadConfig, loaded));
    assert_eq!(state.training.form.draft.epochs, 3, "in the form");
    state.on_file_outcome(chosen(FilePurpose::TrainingFolder, "/data/kmnist"));
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
fn a_dropped_file_is_for_the_visible_tab() {
    let mut state = state();
    for (tab, expected) in [(Place::Draw, false), (Place::Test, true)] {
        state.place = tab;
        let effects = state.apply(Action::DropFile("a".into()));
        assert!(
            matches!(effects[..], [Effect::File(FileTask::Dropped { is_evaluation, .. })]
                if is_evaluation == expected),
            "{tab:?}: {effects:?}"
        );
    }
}

#[test]
fn a_picture_that_loads_during_a_stroke_stays() {
    let mut state = state();
    state.apply(Action::PenDown(dot(0.2)));
    state.on_file_outcome(opened_picture("photo.png"));
    requested(&mut state);
    state.apply(Action::PenMoved(dot(0.4)));
    assert_eq!(requested(&mut state), None, "nothing changes");
    assert!(
        state.pad.picture().is_some(),
        "the pen has nothing to draw on"
    );
    state.apply(Action::PenUp);
    state.apply(Action::PenDown(dot(0.2)));
    assert!(state.pad.picture().is_none(), "the next stroke ends it");
}

#[test]
fn a_file_that_exists_is_replaced_after_a_question() {
    let mut state = state();
    draw(&mut state, 0.5);
    let save = || Action::AskPath(FilePurpose::SaveDrawing);
    let exists = |request| outcome(request, FileResult::Exists("seven.jsonl".into()));
    let (request, replaces) = type_path(&mut state, save(), "seven.jsonl").expect("it is saved");
    assert!(!replaces, "only a new file");
    let number = request.number;
    state.apply(Action::Clear);
    state.on_file_outcome(exists(request));
    let (request, replaces) = accept_path(&mut state).expect("the question is answered");
    assert_eq!(
        (request.number, replaces),
        (number, true),
        "the same request"
    );
    let content = &request.content;
    assert!(
        matches!(content, Some(FileContent::Drawing(ink)) if !ink.is_empty()),
        "the drawing at the time of the request: {content:?}"
    );

    state.apply(Action::AskPath(FilePurpose::OpenDrawing));
    state.apply(Action::EditPath("ot".to_owned()));
    state.on_file_outcome(exists(request));
    let expected = Some((FilePurpose::OpenDrawing, "ot"));
    assert_eq!(prompt(&state), expected, "typing is not interrupted");
    let is_said = |notice: &Notice| notice.text.contains("seven.jsonl exists");
    assert!(
        state.notices.list().iter().any(is_said),
        "a notice shows the error"
    );
}

#[test]
fn a_chosen_folder_keeps_the_spaces_of_its_name() {
    let cases = [
        ("/data/Klasse 3", "/data/Klasse 3", "a space within"),
        ("/data/Klasse 3 ", "/data/Klasse 3 ", "one at the end"),
        ("/data/Klasse 3 /", "/data/Klasse 3 ", "closed already"),
    ];
    for (path, expected, reason) in cases {
        let mut state = state();
        state.on_file_outcome(chosen(FilePurpose::TrainingFolder, path));
        let data = DataSource::Folder(expected.into());
        assert_eq!(state.training.form.source(), Some(data), "{reason}");
        let effects = state.on_file_outcome(chosen(FilePurpose::EvaluationFolder, path));
        let tested = effects.iter().find_map(|effect| match effect {
            Effect::Evaluate { source, .. } => Some(source.clone()),
            _ => None,
        });
        let source = DataSource::Folder(expected.into());
        assert_eq!(tested, Some(source), "{reason}");
    }
}
